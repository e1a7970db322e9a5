import { operate } from "../app/operator.ts";

process.exitCode = await operate(process.argv.slice(2));
