import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { invalid } from '@waggle/domain'
import { EngineClient } from './engine-client.ts'
import { addProgram, type ImageFiles, recipeOf, tarOf } from './image-files.ts'
import { findImage, importImage } from './import-image.ts'

const run = promisify(execFile)

export interface LocalImages {
  /** `waggle/busybox:1`: a shell and the small programs of busybox. */
  readonly busybox: string
  /** `waggle/git:1`: the same with git, and the clone script as its entrypoint (pipeline.md §12.14). */
  readonly git: string
}

/** Makes both images from programs of this machine, where the engine does not have them as they would be made now.
 *  Nothing is downloaded. Throws `invalid`, `program_missing`, with the line to type where a program is missing. */
export const makeLocalImages = async (
  socketPath: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<LocalImages> => {
  const client = new EngineClient(socketPath)
  try {
    await make(client, localImages.busybox, await busyboxFiles(), ['CMD ["sh"]'], options.signal)
    await make(
      client,
      localImages.git,
      await gitFiles(),
      [
        'ENV GIT_SSL_CAINFO=/etc/ssl/certs/ca-certificates.crt',
        'ENTRYPOINT ["/usr/local/bin/clone"]',
      ],
      options.signal,
    )
    return localImages
  } finally {
    client.close()
  }
}

export const localImages: LocalImages = { busybox: 'waggle/busybox:1', git: 'waggle/git:1' }

const make = async (
  client: EngineClient,
  image: string,
  files: ImageFiles,
  changes: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> => {
  const recipe = await recipeOf(files)
  const found = await findImage(client, image, signal)
  if (found?.[recipeLabel] === recipe) return
  await importImage(client, image, tarOf(files), [
    'ENV PATH=/usr/local/bin:/usr/bin:/bin',
    `LABEL ${recipeLabel}=${recipe}`,
    ...changes,
  ])
}

const recipeLabel = 'io.waggle.recipe'

const busyboxFiles = async (): Promise<ImageFiles> => {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))
  if (!busybox) throw missing('busybox', 'apt-get install busybox-static')
  const files: ImageFiles = new Map()
  for (const folder of ['bin', 'etc', 'usr', 'usr/local', 'usr/local/bin', 'root', 'var']) {
    files.set(folder, { kind: 'folder', mode: 0o755 })
  }
  files.set('tmp', { kind: 'folder', mode: 0o1777 })
  files.set('sbin', { kind: 'link', target: 'bin' })
  files.set('usr/bin', { kind: 'link', target: '../bin' })
  files.set('usr/sbin', { kind: 'link', target: '../bin' })
  files.set('etc/passwd', {
    kind: 'text',
    mode: 0o644,
    text: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n',
  })
  files.set('etc/group', { kind: 'text', mode: 0o644, text: 'root:x:0:\nnogroup:x:65534:\n' })
  files.set('etc/nsswitch.conf', { kind: 'text', mode: 0o644, text: 'hosts: files dns\n' })
  await addProgram(files, busybox, 'bin/busybox')
  const { stdout } = await run(busybox, ['--list'])
  for (const name of stdout.split('\n').filter((word) => /^[\w[.-]+$/.test(word))) {
    if (name !== 'busybox') files.set(`bin/${name}`, { kind: 'link', target: 'busybox' })
  }
  // Scripts expect it, and not every build of busybox has it.
  if (!files.has('bin/printenv')) {
    files.set('bin/printenv', { kind: 'text', mode: 0o755, text: printenv })
  }
  return files
}

const printenv = `#!/bin/sh
[ $# -gt 0 ] || exec env
exec awk 'BEGIN { for (i = 1; i < ARGC; i++) if (ARGV[i] in ENVIRON) print ENVIRON[ARGV[i]]; else missing = 1; exit missing }' "$@"
`

const gitFiles = async (): Promise<ImageFiles> => {
  const files = await busyboxFiles()
  const core = await run('git', ['--exec-path']).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
  const git = ['/usr/bin/git', '/usr/local/bin/git', '/bin/git'].find((path) => existsSync(path))
  if (!git || core === '') throw missing('git', 'apt-get install git')
  await addProgram(files, git, 'bin/git')
  const folder = core.slice(1)
  for (const name of ['git-remote-http', 'git-remote-https']) {
    if (existsSync(`${core}/${name}`)) {
      await addProgram(files, `${core}/${name}`, `${folder}/${name}`)
    }
  }
  files.set(`${folder}/git`, { kind: 'link', target: '/bin/git' })
  // Programs that the other side of a local or ssh transport is asked for by name; git knows itself by them.
  for (const name of ['git-upload-pack', 'git-receive-pack', 'git-upload-archive']) {
    files.set(`bin/${name}`, { kind: 'link', target: 'git' })
  }
  files.set('usr/share/git-core/templates', { kind: 'folder', mode: 0o755 })
  await addCertificates(files)
  files.set('usr/local/bin/clone', {
    kind: 'text',
    mode: 0o755,
    text: await readFile(cloneScript, 'utf8'),
  })
  return files
}

const cloneScript = fileURLToPath(new URL('../../../images/git/clone.sh', import.meta.url))

/** What this machine trusts, at the place that the image names. */
const addCertificates = async (files: ImageFiles): Promise<void> => {
  const bundle = [
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/cert.pem',
  ].find((path) => existsSync(path))
  if (!bundle) return
  files.set('etc/ssl/certs/ca-certificates.crt', { kind: 'copy', from: bundle, mode: 0o644 })
}

const missing = (name: string, line: string) =>
  invalid('program_missing', `${name} is not installed on this machine; install it with: ${line}`)
