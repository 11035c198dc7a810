// Writes zip archives byte by byte, so that tests can send archives that no well-behaved program would create.
import { crc32, deflateRawSync } from 'node:zlib';

export type ZipEntry = {
  name: string;
  bytes: Buffer;
  /** The size that the entry claims, instead of the true one. */
  claimedSize?: number;
  claimedChecksum?: number;
  /** The bytes of the name, without the flag that marks them as UTF-8. */
  unmarkedName?: Buffer;
  unixMode?: number;
  encrypted?: boolean;
};

export function zipFile(entries: ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = writeEntry(entry, offset);
    files.push(local);
    directory.push(central);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, list, end]);
}

function writeEntry(entry: ZipEntry, offset: number) {
  const { name, bytes, claimedSize = bytes.length, claimedChecksum = crc32(bytes), unixMode = 0o100644, encrypted = false } = entry;
  const data = deflateRawSync(bytes);
  const fileName = entry.unmarkedName ?? Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE((entry.unmarkedName ? 0 : 0x800) | (encrypted ? 1 : 0), 2);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(claimedChecksum, 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(claimedSize, 18);
  common.writeUInt16LE(fileName.length, 22);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE((unixMode << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  const unixMaker = Buffer.from([20, 3]);
  return {
    local: Buffer.concat([Buffer.from('PK\x03\x04'), common, fileName, data]),
    central: Buffer.concat([Buffer.from('PK\x01\x02'), unixMaker, common, tail, fileName]),
  };
}
