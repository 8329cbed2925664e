import type { ContenderName } from "./contenders.ts";
import type { Row } from "./row.ts";

/** What a delivery costs one server of another's cost, at one rate: below 1 is cheaper. */
export interface Ratio {
  readonly rate: number;
  readonly server: ContenderName;
  readonly against: ContenderName;
  /** Between the medians of the rounds; null where nothing was delivered, or at no cost to see. */
  readonly ratio: number | null;
  /** A row of either is late, not sound, or bound by the tester or by its server. */
  readonly isLimited: boolean;
}

/** Hubbub against each other server, at each rate. */
export function ratiosOf(rows: readonly Row[]): Ratio[] {
  const rates = [...new Set(rows.map(({ rate }) => rate))].sort((a, b) => a - b);
  const servers = [...new Set(rows.map(({ server }) => server))];
  return rates.flatMap((rate) => {
    const of = (name: ContenderName) =>
      rows.filter((row) => row.server === name && row.rate === rate);
    const own = of("hubbub");
    return servers.flatMap((against) => {
      const others = of(against);
      if (against === "hubbub" || own.length === 0 || others.length === 0) return [];
      const isLimited = [...own, ...others].some(hasLimit);
      const ratio = quotient(medianCost(own), medianCost(others));
      return { rate, server: "hubbub", against, ratio, isLimited };
    });
  });
}

/** A row's cost against that of another server in the same round at the same rate; null as above. */
export function costAgainst(row: Row, against: ContenderName, rows: readonly Row[]): number | null {
  const other = rows.find(
    ({ server, rate, round }) => server === against && rate === row.rate && round === row.round,
  );
  return quotient(row.serverCpuUsPerDelivery, other?.serverCpuUsPerDelivery ?? null);
}

function hasLimit({ isSound, isServerBound, isTesterBound, isLate }: Row): boolean {
  return !isSound || isServerBound || isTesterBound || isLate;
}

function quotient(cost: number | null, other: number | null): number | null {
  return cost === null || !other ? null : cost / other;
}

function medianCost(rows: readonly Row[]): number | null {
  const costs = rows.flatMap(({ serverCpuUsPerDelivery }) => serverCpuUsPerDelivery ?? []);
  if (costs.length === 0) return null;
  costs.sort((a, b) => a - b);
  const middle = costs.length >> 1;
  const upper = costs[middle] as number;
  return costs.length % 2 === 1 ? upper : ((costs[middle - 1] as number) + upper) / 2;
}
