import { describeRaces } from './describe-races.ts'

// With a real Redis, as `openControl(` starts it.
describeRaces('postgres')
