/**
 * What a live call is compared with a request to call in by: the code keyed, the number called from (ANI),
 * the number dialled (DNIS). In the order of what they say.
 */
export const criteria = ['code', 'ani', 'dialled'] as const;
export type Criterion = (typeof criteria)[number];
