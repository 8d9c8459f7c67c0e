import { PRICES } from './prices.ts';

export const HOURS_A_MONTH = 730;
const COUNTED_AS = 'db.m7g.large';

export type InstancePrice = {
  dollarsAnHour: number;
  /** The class whose price was taken, where there is none of this one. */
  countedAs: string | undefined;
};

/** What a PostgreSQL instance and its storage cost an hour, at list prices; Multi-AZ is a second one of both. */
export function instancePrice(className: string, storageGib: number, multiAz: boolean): InstancePrice {
  const hourly = PRICES.rdsHour[className];
  const storage = (storageGib * PRICES.rdsStorageGibMonth) / HOURS_A_MONTH;
  return {
    dollarsAnHour: (multiAz ? 2 : 1) * ((hourly ?? PRICES.rdsHour[COUNTED_AS] ?? 0) + storage),
    countedAs: hourly === undefined ? COUNTED_AS : undefined,
  };
}
