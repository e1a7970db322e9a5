import { isIP } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import type { S3Options } from "../platform/storage/s3.ts";

/** What the environment says about files of messages. The bucket's secret is in `storage`: never print it. */
export type MediaConfig = {
  readonly storage:
    | { readonly type: "disk"; readonly folder: string }
    | { readonly type: "s3"; readonly bucket: S3Options };
  readonly bytesMax: number;
  /** Addresses inside from which files may be fetched. */
  readonly allowAddresses: readonly string[];
};

/** Beside the data of `npm start`. */
const folderDefault = join(import.meta.dir, "..", "..", ".hookdesk", "media");
const bytesMaxDefault = 104_857_600;
/** 2 GiB: what any platform of today hands out. */
const bytesMaxMax = 2_147_483_648;

const word = z.string().regex(/^[\x21-\x7e]{1,512}$/, "must be one word without spaces");

/** The variables of `mediaConfigOf`, for the schema of the whole environment. */
export const mediaVariables = {
  MEDIA_DIR: z
    .string()
    .regex(/^[^\0]{1,1000}$/, "must be a folder")
    .default(folderDefault),
  MEDIA_BYTES_MAX: z
    .string()
    .transform((text) => (/^\d{1,10}$/.test(text) ? Number(text) : Number.NaN))
    .refine(
      (bytes) => bytes >= 1 && bytes <= bytesMaxMax,
      `must be a whole number of bytes, from 1 to ${bytesMaxMax}`,
    )
    .default(bytesMaxDefault),
  MEDIA_ALLOW_ADDRESSES: z
    .string()
    .transform((text) => text.split(",").map((one) => one.trim()))
    .refine(
      (addresses) => addresses.every((one) => isIP(one) !== 0),
      "must be IP addresses, separated by commas",
    )
    .default([]),
  MEDIA_S3_BUCKET: word.optional(),
  MEDIA_S3_ENDPOINT: z
    .string()
    .refine(
      (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""),
      "must be an address such as https://s3.eu-central-1.amazonaws.com",
    )
    .optional(),
  MEDIA_S3_REGION: word.default("us-east-1"),
  MEDIA_S3_ACCESS_KEY_ID: word.optional(),
  MEDIA_S3_SECRET_ACCESS_KEY: word.optional(),
};

const schema = z.object(mediaVariables);
type MediaVariables = z.infer<typeof schema>;

/** What a bucket needs beside its name; a bucket without them is a fault. */
const bucketNeeds = [
  "MEDIA_S3_ENDPOINT",
  "MEDIA_S3_ACCESS_KEY_ID",
  "MEDIA_S3_SECRET_ACCESS_KEY",
] as const;

/** The variables that are missing beside the others, each with a sentence. */
export function mediaFaults(env: MediaVariables): readonly string[] {
  const given = bucketNeeds.filter((name) => env[name] !== undefined);
  if (env.MEDIA_S3_BUCKET === undefined)
    return given.map((name) => `${name} says nothing without MEDIA_S3_BUCKET`);
  const missing = bucketNeeds.filter((name) => env[name] === undefined);
  return missing.map((name) => `${name} is required with MEDIA_S3_BUCKET`);
}

/** Reads the variables; call it when `mediaFaults` has found nothing. */
export function mediaConfigOf(env: MediaVariables): MediaConfig {
  const bucket = env.MEDIA_S3_BUCKET;
  return {
    storage:
      bucket === undefined
        ? { type: "disk", folder: env.MEDIA_DIR }
        : { type: "s3", bucket: bucketOf(env, bucket) },
    bytesMax: env.MEDIA_BYTES_MAX,
    allowAddresses: env.MEDIA_ALLOW_ADDRESSES,
  };
}

function bucketOf(env: MediaVariables, bucket: string): S3Options {
  return {
    bucket,
    endpoint: env.MEDIA_S3_ENDPOINT ?? "",
    region: env.MEDIA_S3_REGION,
    accessKeyId: env.MEDIA_S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: env.MEDIA_S3_SECRET_ACCESS_KEY ?? "",
  };
}
