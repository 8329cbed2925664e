/** `volume = factor * users ^ exponent`. */
export interface VolumeLaw {
  readonly factor: number;
  readonly exponent: number;
}

/** Least squares over the logarithms. Null where there are not two different numbers of users. */
export function fitVolumeLaw(
  points: readonly { readonly users: number; readonly volume: number }[],
): VolumeLaw | null {
  const logs = points
    .filter(({ users, volume }) => users > 0 && volume > 0)
    .map(({ users, volume }) => ({ x: Math.log(users), y: Math.log(volume) }));
  const mean = (value: (point: { x: number; y: number }) => number) =>
    logs.reduce((sum, point) => sum + value(point), 0) / logs.length;
  const meanX = mean(({ x }) => x);
  const meanY = mean(({ y }) => y);
  const spread = mean(({ x }) => (x - meanX) ** 2);
  if (logs.length < 2 || spread === 0) return null;
  const exponent = mean(({ x, y }) => (x - meanX) * (y - meanY)) / spread;
  return { factor: Math.exp(meanY - exponent * meanX), exponent };
}
