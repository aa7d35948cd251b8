/** A program that waits for ever, as an ELF file without libraries: what a shared namespace is held by (design §12).
 *  Empty for an architecture that it was not written for. As PID 1 it ignores SIGTERM; it is ended by SIGKILL. */
export const pauseProgram = (arch: string): Buffer | null => {
  const code = codes[arch]
  if (!code) return null
  const header = Buffer.alloc(headerBytes)
  header.write('\x7fELF', 0, 'latin1')
  // 64 bit, little endian, version 1; then: executable, machine, version 1.
  header.set([2, 1, 1], 4)
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(code.machine, 18)
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(BigInt(loadAddress + headerBytes), 24)
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(64, 52)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(1, 56)
  writeSegment(header, headerBytes + code.bytes.length)
  return Buffer.concat([header, code.bytes])
}

/** The file's one segment: loaded whole, to be read and run. */
const writeSegment = (header: Buffer, sizeBytes: number): void => {
  header.writeUInt32LE(1, 64)
  header.writeUInt32LE(5, 68)
  header.writeBigUInt64LE(BigInt(loadAddress), 80)
  header.writeBigUInt64LE(BigInt(loadAddress), 88)
  header.writeBigUInt64LE(BigInt(sizeBytes), 96)
  header.writeBigUInt64LE(BigInt(sizeBytes), 104)
  header.writeBigUInt64LE(0x10000n, 112)
}

const headerBytes = 64 + 56
const loadAddress = 0x400000

const words = (list: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(list.length * 4)
  for (const [index, word] of list.entries()) bytes.writeUInt32LE(word, index * 4)
  return bytes
}

const codes: Readonly<Record<string, { machine: number; bytes: Buffer }>> = {
  // mov eax, 34 (pause); syscall; jmp back.
  amd64: { machine: 62, bytes: Buffer.from([0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]) },
  // arm64 has no pause: x0 … x4 = 0; mov x8, 73 (ppoll); svc 0; branch back.
  arm64: {
    machine: 183,
    bytes: words([
      0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800004, 0xd2800928, 0xd4000001,
      0x17fffff9,
    ]),
  },
}
