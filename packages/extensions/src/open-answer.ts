import { invalid } from '@waggle/domain'
import { droneKeyBytes, openDroneBlob } from '@waggle/pipeline'

/** The plain bytes of an answer with `Content-Encoding: aesgcm`: nonce and AES-256-GCM text under the first 32 bytes of
 *  the extension's secret (scheduling.md §15.1). Throws `invalid` where it does not open. */
export const openAnswer = (body: Buffer, secret: string, name: string): Buffer => {
  if (Buffer.byteLength(secret) < droneKeyBytes)
    throw invalid(
      'extension_key',
      `${name}: the answer is encrypted, which needs a secret of at least ${droneKeyBytes} bytes`,
    )
  const plain = openDroneBlob(body, secret)
  if (plain === null)
    throw invalid('extension_answer', `${name}: the encrypted answer does not open`)
  return plain
}
