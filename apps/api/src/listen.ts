import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { invalid } from '@waggle/domain'

/** Starts to listen, with deadlines for who sends slowly (fault H4). Throws `invalid` with what to do. */
export const listen = (
  app: RequestListener,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly server: Server; readonly port: number }> =>
  new Promise((resolve, reject) => {
    const server = createServer(
      {
        headersTimeout: 15_000,
        requestTimeout: 30_000,
        connectionsCheckingInterval: 5_000,
        keepAliveTimeout: 65_000,
      },
      app,
    )
    server.once('error', (cause: NodeJS.ErrnoException) => reject(describe(cause, host, port)))
    server.listen(port, host, () =>
      resolve({ server, port: (server.address() as AddressInfo).port }),
    )
  })

const describe = (cause: NodeJS.ErrnoException, host: string, port: number): Error => {
  const where = `${host}:${port}`
  if (cause.code === 'EADDRINUSE')
    return invalid('port_taken', `Port ${where} is taken; set WAGGLE_API_PORT`, { cause })
  if (cause.code === 'EACCES')
    return invalid('port_denied', `Port ${where} needs more rights; set WAGGLE_API_PORT`, { cause })
  return invalid('listen', `Cannot listen on ${where} (${cause.code ?? cause.message})`, { cause })
}
