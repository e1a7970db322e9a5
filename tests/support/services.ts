/** Where the tests' PostgreSQL and Redis are; `npm test` starts both and says so in the environment. */
export const testDatabaseUrl = required("TEST_DATABASE_URL");
export const testRedisUrl = required("TEST_REDIS_URL");

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with npm test`);
  return value;
}
