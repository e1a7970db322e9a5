/**
 * How long a grant may be used. A call that has not begun by then is not made. The window is counted longer by the grace, so that
 * calls that begin anywhere in their grants' lives cannot crowd it; half of the grace is the life, the other half is room for
 * what lies between our look at the clock and the platform's, because the platform counts arrivals.
 *
 *   granted ──────────── may begin ────────────▶ dead ──── on its way ────▶ arrived
 *           ◀──────────── grant life ───────────▶◀──────── as much ───────▶
 */

/** The longest life of any grant, ms. */
export const grantLifeMsMax = 250;
/** The shortest, ms: time for one call of Redis, without which nothing could be sent. */
const grantLifeMsMin = 10;
const lifeShare = 0.02;
const graceLives = 2;
/** The longest grace, ms. */
export const graceMsMax = graceLives * grantLifeMsMax;

/** A grant's life, ms: short enough to keep 96 % of the window usable, for windows of half a second and more. */
export function grantLifeMs(windowMs: number): number {
  return Math.floor(Math.max(grantLifeMsMin, Math.min(grantLifeMsMax, windowMs * lifeShare)));
}

/** What is added to the window when grants are counted, ms. */
export function graceMs(windowMs: number): number {
  return graceLives * grantLifeMs(windowMs);
}
