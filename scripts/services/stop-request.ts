const parentPollMs = 1_000;

/** Somebody wants this command to end: a signal, or the bootstrap that started it is gone. */
export type StopRequest = {
  readonly signal: AbortSignal;
  readonly requested: Promise<void>;
};

/** Listens from now on. Further signals change nothing: there is one orderly stop. */
export function listenForStop(): StopRequest {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => {
    controller.abort();
    resolve();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  watchParent(stop);
  return { signal: controller.signal, requested: promise };
}

/** A bootstrap that was killed outright passes no signal on. */
function watchParent(stop: () => void): void {
  const parent = Number(process.env["HOOKDESK_PARENT_PID"] ?? Number.NaN);
  if (process.ppid !== parent) return;
  const timer = setInterval(() => {
    if (process.ppid !== parent) stop();
  }, parentPollMs);
  timer.unref();
}
