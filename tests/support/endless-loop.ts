/** Loaded before a program: a SIGUSR2 makes its event loop stand still for ever. */
process.on("SIGUSR2", () => {
  for (;;) Math.sqrt(2);
});
