import { json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { userShape } from '../shapes/user-shape.ts'

/** The caller (rest-api.md §7.8). */
export const userRoutes = (): readonly Route[] => [
  route.user('GET /api/user', async ({ user }) => json(userShape(user))),
]
