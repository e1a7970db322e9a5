import { main } from "./app/lifecycle.ts";

process.exit(await main(process.argv.slice(2)));
