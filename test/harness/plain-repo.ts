import type { NewRepo } from '@waggle/domain'

/** An active public repository without anything set. */
export const plainRepo = (namespace: string, number: number): NewRepo => ({
  uid: '',
  namespace,
  name: `app${number}`,
  slug: `${namespace}/app${number}`,
  gitHttpUrl: '',
  gitSshUrl: '',
  link: '',
  defaultBranch: 'main',
  private: false,
  visibility: 'public',
  active: true,
  configPath: '.drone.yml',
  trusted: false,
  protected: false,
  timeoutMinutes: 60,
  throttle: 0,
  signerSealed: new Uint8Array(),
  secretSealed: new Uint8Array(),
})
