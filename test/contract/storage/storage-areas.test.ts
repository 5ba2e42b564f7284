import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  areaLimits,
  type StorageArea,
  type StoredValue,
} from '../../../src/adapters/http/gms/storage-area-store.ts';
import { implementations, type TestedStorage } from './implementations.ts';

const area: StorageArea = { id: 'storage_1', owner: 'api-key:a', gmsUser: 'anna', expiresAtMs: 1000 };
const text = (key: string, value: string): StoredValue => ({
  key,
  contentType: null,
  fileName: null,
  bytes: Buffer.from(value),
});
const file = (key: string, byteCount: number): StoredValue => ({
  key,
  contentType: 'image/png',
  fileName: 'a.png',
  bytes: Buffer.alloc(byteCount, 0xfe),
});

describe.each(implementations)('storage areas in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  it('keep text and files by key over a restart, and set single values', async () => {
    await tested.storage.areas.put(area, [text('b', 'Käse'), file('f', 300)], 0);
    await tested.storage.areas.put({ ...area, expiresAtMs: 2000 }, [text('a', '1'), text('b', '2')], 0);
    const { areas } = await tested.reopen();
    expect(await areas.findArea(area.id, 1500)).toEqual({ ...area, expiresAtMs: 2000 });
    expect(await areas.entries(area.id)).toEqual([
      { key: 'a', text: '1' },
      { key: 'b', text: '2' },
      { key: 'f', contentType: 'image/png', byteCount: 300 },
    ]);
    expect(await areas.value(area.id, 'f')).toEqual(file('f', 300));
    expect(await areas.value(area.id, 'a')).toEqual(text('a', '1'));
    expect(await areas.value(area.id, 'z')).toBeUndefined();
  });

  it('are not found from their end on, begin anew then, and are deleted oldest first', async () => {
    const { areas } = tested.storage;
    await areas.put(area, [text('a', '1')], 0);
    await areas.put({ ...area, id: 'storage_2', expiresAtMs: 500 }, [text('a', '1')], 0);
    expect(await areas.findArea(area.id, 999)).toBeDefined();
    expect(await areas.findArea(area.id, 1000)).toBeUndefined();
    expect(await areas.deleteExpired(1000, 1)).toBe(1);
    expect(await areas.findArea('storage_2', 0)).toBeUndefined();
    await areas.put({ ...area, expiresAtMs: 5000 }, [text('b', '2')], 1000);
    expect(await areas.entries(area.id)).toEqual([{ key: 'b', text: '2' }]);
    expect(await areas.deleteExpired(4999, 10)).toBe(0);
  });

  it('are deleted with their values, or one value at a time', async () => {
    const { areas } = tested.storage;
    await areas.put(area, [text('a', '1'), text('b', '2')], 0);
    expect([await areas.removeValue(area.id, 'a'), await areas.removeValue(area.id, 'a')]).toEqual([
      true,
      false,
    ]);
    expect(await areas.entries(area.id)).toEqual([{ key: 'b', text: '2' }]);
    expect([await areas.removeArea(area.id), await areas.removeArea(area.id)]).toEqual([true, false]);
    expect(await areas.entries(area.id)).toEqual([]);
  });

  it('take no more keys and bytes than they may, and keep what they had', async () => {
    const { areas } = tested.storage;
    const keys = Array.from({ length: areaLimits.keysMax }, (_, index) => text(`k${index}`, 'x'));
    expect(await areas.put(area, keys, 0)).toEqual({ ok: true });
    expect(await areas.put(area, [text('k0', 'y')], 0)).toEqual({ ok: true });
    expect(await areas.put(area, [text('more', 'y')], 0)).toEqual({ ok: false, limit: 'keysMax' });
    expect(await areas.value(area.id, 'more')).toBeUndefined();
    const other = { ...area, id: 'storage_2' };
    expect(await areas.put(other, [file('f', areaLimits.areaBytesMax)], 0)).toEqual({ ok: true });
    expect(await areas.put(other, [text('a', '1')], 0)).toEqual({ ok: false, limit: 'areaBytesMax' });
    await areas.removeValue(other.id, 'f');
    expect(await areas.put(other, [text('a', '1')], 0)).toEqual({ ok: true });
  });

  it('take no more together than one owner, or all of them, may have; what is over does not count', async () => {
    const { areas } = tested.storage;
    const fill = (owner: string, byteCount: number): Promise<unknown> =>
      tested.storage.transact(({ executor }) =>
        executor
          .insertInto('storageArea')
          .values({ id: `storage_${owner}_${byteCount}`, owner, gmsUser: null, expiresAtMs: 1000, byteCount })
          .execute(),
      );
    const put = (owner: string, nowMs = 0) =>
      areas.put({ ...area, id: `new ${owner}`, owner, expiresAtMs: 5000 }, [text('a', '12')], nowMs);
    await fill('api-key:a', areaLimits.bytesPerOwnerMax - 1);
    expect(await put('api-key:a')).toEqual({ ok: false, limit: 'bytesPerOwnerMax' });
    expect(await put('api-key:b')).toEqual({ ok: true });
    expect(await put('api-key:a', 1000)).toEqual({ ok: true });
    await fill('api-key:c', areaLimits.bytesMax - areaLimits.bytesPerOwnerMax - 1);
    expect(await put('api-key:d')).toEqual({ ok: false, limit: 'bytesMax' });
  });
});
