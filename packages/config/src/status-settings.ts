import { setting, types } from './setting.ts'

/** Settings of commit statuses (scheduling.md §14.1, webhooks.md §13). */
export const statusSettings = {
  statusHost: setting(
    'WAGGLE_STATUS_HOST',
    types.text('none'),
    'Kind of the code host that is told how builds of its commits stand ([commit statuses](commit-statuses.md)): `github`, `gitlab`, `gitea`, `forgejo`, `gogs`, `bitbucket`, `stash` or `none`.',
    { fallback: '`none`' },
  ),
  statusServer: setting(
    'WAGGLE_STATUS_SERVER',
    types.text(''),
    'Address of that host. Repositories whose git address is there are told of.',
    { fallback: 'github.com, gitlab.com, bitbucket.org; others have none' },
  ),
  statusApi: setting(
    'WAGGLE_STATUS_API',
    types.text(''),
    'Address of its API, where it is not at the usual place.',
    { fallback: 'the usual one' },
  ),
  statusToken: setting(
    'WAGGLE_STATUS_TOKEN',
    types.text(''),
    'Token of an account there that may write statuses. Sent to that host only.',
    { fallback: 'none', isSecret: true },
  ),
  statusName: setting(
    'WAGGLE_STATUS_NAME',
    types.text('continuous-integration/waggle'),
    'Name of the check; `/push`, `/pr`, `/tag` or `/promote/TARGET` is added.',
    { fallback: '`continuous-integration/waggle`', aliases: ['DRONE_STATUS_NAME'] },
  ),
  statusDisabled: setting(
    'WAGGLE_STATUS_DISABLED',
    types.flag(false),
    'Whether no statuses are sent, whatever else is set.',
    { fallback: 'false', aliases: ['DRONE_STATUS_DISABLED'] },
  ),
  statusSkipVerify: setting(
    'WAGGLE_STATUS_SKIP_VERIFY',
    types.flag(false),
    'Whether any TLS certificate of the host is taken.',
    { fallback: 'false' },
  ),
  statusTimeoutSeconds: setting(
    'WAGGLE_STATUS_TIMEOUT_SECONDS',
    types.seconds(30, { min: 1, max: 600 }),
    'How long the host may take to answer.',
    { fallback: '30' },
  ),
}
