/**
 * What {@link AreaStore} keeps at most; each bounds what one caller, or all together, may fill the disk with.
 */
export const areaLimits = {
  /** Longest life of an area. */
  ttlSecMax: 30 * 86_400,
  /** Life of an area whose ttl is no whole number above zero, as in the field. */
  ttlSecDefault: 30,
  /** One request, all of its values together. */
  bodyBytesMax: 2 * 1024 * 1024,
  valueBytesMax: 1024 * 1024,
  keysMax: 100,
  keyCharactersMax: 128,
  areaBytesMax: 4 * 1024 * 1024,
  /** Of one API key. */
  areasPerOwnerMax: 10_000,
  bytesPerOwnerMax: 64 * 1024 * 1024,
  /** Of all API keys together. */
  bytesMax: 512 * 1024 * 1024,
} as const;

/** Values that are kept together for a time. */
export interface StorageArea {
  readonly id: string;
  /** Principal key (`api-key:<id>`) of who made it; its bytes count there. */
  readonly owner: string;
  /** What the header `gms_user` said when it was made; null: nothing. */
  readonly gmsUser: string | null;
  /** Not found from then on. */
  readonly expiresAtMs: number;
}

/** One value of an area: text, or a file with its content type. */
export interface StoredValue {
  readonly key: string;
  /** Null: text in UTF-8. */
  readonly contentType: string | null;
  readonly fileName: string | null;
  readonly bytes: Buffer;
}

/** What was found of a value without reading it. */
export type StoredEntry =
  | { readonly key: string; readonly text: string }
  | { readonly key: string; readonly contentType: string; readonly byteCount: number };

/** `limit` names a member of {@link areaLimits}; nothing was stored then. */
export type PutOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly limit: 'keysMax' | 'areaBytesMax' | 'areasPerOwnerMax' | 'bytesPerOwnerMax' | 'bytesMax';
    };

/**
 * Areas of values with an end; durable when a promise resolves. Implemented in adapters/storage. Rejects with
 * an AppError when the store fails.
 */
export interface AreaStore {
  /** Undefined: there is none, or its time is over. */
  findArea(id: string, nowMs: number): Promise<StorageArea | undefined>;
  /** By key. */
  entries(areaId: string): Promise<StoredEntry[]>;
  value(areaId: string, key: string): Promise<StoredValue | undefined>;
  /**
   * Makes the area, or replaces its end; sets these values and keeps the others. An area whose time is over
   * begins empty.
   */
  put(area: StorageArea, values: readonly StoredValue[], nowMs: number): Promise<PutOutcome>;
  /** False: there is none. */
  removeValue(areaId: string, key: string): Promise<boolean>;
  /** With its values; false: there is none. */
  removeArea(id: string): Promise<boolean>;
  /** Deletes at most `limit` areas whose time is over; returns how many. */
  deleteExpired(nowMs: number, limit: number): Promise<number>;
}
