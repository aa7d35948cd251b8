import { Argument, type Command } from 'commander'
import { clientOf, type JsonFlags, withServer } from '../command-context.ts'
import { wholeNumber } from '../option-types.ts'
import type { UserAddFlags, UserListFlags, UserUpdateFlags } from './user-flags.ts'

/** `user …` for system admins, and `member …`: who may do what in a repository. */
export const addUserCommands = (program: Command): void => {
  const user = program
    .command('user')
    .description('users of the server')
    .addHelpText('after', '\nExample:\n  waggle user add ann')

  withServer(user.command('ls'))
    .description('list users')
    .option('--page <number>', 'page', wholeNumber(1), 1)
    .option('--limit <number>', 'users of a page', wholeNumber(1, 1_000), 100)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle user ls')
    .action(async (flags: UserListFlags) => {
      const { listUsers } = await import('./user-show.ts')
      await listUsers(clientOf(flags), flags)
    })

  withServer(user.command('info'))
    .description('show one user')
    .argument('<login>', 'login or number')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle user info ann')
    .action(async (login: string, flags: JsonFlags) => {
      const { showUser } = await import('./user-show.ts')
      await showUser(clientOf(flags), login, flags)
    })

  withServer(user.command('add'))
    .description('make a user, and print the token that opens the API')
    .argument('<login>', 'login')
    .option('--admin', 'a system admin')
    .option('--machine', 'an account of a program')
    .option('--user-token <token>', 'token of the user; a random one where none is given')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle user add ann --admin')
    .action(async (login: string, flags: UserAddFlags) => {
      const { addUser } = await import('./user-show.ts')
      await addUser(clientOf(flags), login, flags)
    })

  withServer(user.command('update'))
    .description('make a user a system admin or not, active or not')
    .argument('<login>', 'login or number')
    .option('--admin', 'is a system admin')
    .option('--no-admin', 'is none')
    .option('--active', 'may use what they were let into')
    .option('--no-active', 'may not, and is no system admin')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle user update ann --no-active')
    .action(async (login: string, flags: UserUpdateFlags) => {
      const { updateUser } = await import('./user-show.ts')
      await updateUser(clientOf(flags), login, flags)
    })

  withServer(user.command('token'))
    .description('give a user a new token and print it; the old one stops at once')
    .argument('<login>', 'login or number')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle user token ann')
    .action(async (login: string, flags: JsonFlags) => {
      const { rotateToken } = await import('./user-show.ts')
      await rotateToken(clientOf(flags), login, flags)
    })

  withServer(user.command('rm'))
    .description('delete a user; what they built stays')
    .argument('<login>', 'login or number')
    .addHelpText('after', '\nExample:\n  waggle user rm ann')
    .action(async (login: string, flags: JsonFlags) => {
      const { removeUser } = await import('./user-show.ts')
      await removeUser(clientOf(flags), login)
    })

  addMemberCommands(program)
}

const addMemberCommands = (program: Command): void => {
  const member = program
    .command('member')
    .description('who may do what in a repository')
    .addHelpText('after', '\nExample:\n  waggle member set acme/app ann write')

  withServer(member.command('ls'))
    .description('list who was let into a repository')
    .argument('<repo>', 'owner/name')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle member ls acme/app')
    .action(async (repo: string, flags: JsonFlags) => {
      const { listMembers } = await import('./member-show.ts')
      await listMembers(clientOf(flags), repo, flags)
    })

  withServer(member.command('set'))
    .description('let a user into a repository, or change what they may do')
    .argument('<repo>', 'owner/name')
    .argument('<login>', 'login')
    .addArgument(
      new Argument('<right>', 'each implies those before it').choices(['read', 'write', 'admin']),
    )
    .addHelpText('after', '\nExample:\n  waggle member set acme/app ann write')
    .action(async (repo: string, login: string, right: string, flags: JsonFlags) => {
      const { setMember } = await import('./member-show.ts')
      await setMember(clientOf(flags), repo, login, right)
    })

  withServer(member.command('rm'))
    .description('take away what a user may do in a repository')
    .argument('<repo>', 'owner/name')
    .argument('<login>', 'login')
    .addHelpText('after', '\nExample:\n  waggle member rm acme/app ann')
    .action(async (repo: string, login: string, flags: JsonFlags) => {
      const { removeMember } = await import('./member-show.ts')
      await removeMember(clientOf(flags), repo, login)
    })
}
