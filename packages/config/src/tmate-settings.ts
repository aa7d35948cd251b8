import { setting, types } from './setting.ts'

/** Sessions of failing steps of debug builds. */
export const tmateSettings = {
  tmateEnabled: setting(
    'WAGGLE_TMATE_ENABLED',
    types.flag(false),
    'Let failing steps of debug builds wait for somebody who joins them by tmate.',
    { fallback: 'false', aliases: ['DRONE_TMATE_ENABLED'] },
  ),
  tmateImage: setting(
    'WAGGLE_TMATE_IMAGE',
    types.text('drone/drone-runner-docker:1'),
    'Image that brings tmate: its `/bin/drone-runner-docker copy` puts it into `/usr/drone/bin`.',
    { fallback: '`drone/drone-runner-docker:1`', aliases: ['DRONE_TMATE_IMAGE'] },
  ),
  tmateHost: setting(
    'WAGGLE_TMATE_HOST',
    types.text(''),
    'Host of a tmate server; steps are told of it (`DRONE_TMATE_…`).',
    { fallback: 'none', aliases: ['DRONE_TMATE_HOST'] },
  ),
  tmatePort: setting('WAGGLE_TMATE_PORT', types.text(''), 'Port of the tmate server.', {
    fallback: 'none',
    aliases: ['DRONE_TMATE_PORT'],
  }),
  tmateFingerprintRsa: setting(
    'WAGGLE_TMATE_FINGERPRINT_RSA',
    types.text(''),
    "Fingerprint of the tmate server's RSA key.",
    { fallback: 'none', aliases: ['DRONE_TMATE_FINGERPRINT_RSA'] },
  ),
  tmateFingerprintEd25519: setting(
    'WAGGLE_TMATE_FINGERPRINT_ED25519',
    types.text(''),
    "Fingerprint of the tmate server's Ed25519 key.",
    { fallback: 'none', aliases: ['DRONE_TMATE_FINGERPRINT_ED25519'] },
  ),
  tmateAuthorizedKeys: setting(
    'WAGGLE_TMATE_AUTHORIZED_KEYS',
    types.text(''),
    'Who may join a tmate session: public keys as in `authorized_keys`, or what tmate takes as `tmate-authorized-keys`, such as `github:name`.',
    { fallback: 'none', aliases: ['DRONE_TMATE_AUTHORIZED_KEYS'] },
  ),
}
