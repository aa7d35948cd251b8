/** Longest life of a stream that nobody closes, and the age at which an append renews it. */
const lifeSeconds = 86_400

/** KEYS stream. ARGV opening id. 1 made, 0 was there. */
export const openScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('XADD', KEYS[1], ARGV[1], 'o', '1')
redis.call('EXPIRE', KEYS[1], ${lifeSeconds})
return 1`

/** KEYS stream. ARGV id, first, count, data, end id. 1: it is in the stream, by this call or an earlier one;
 *  0: there is no stream, or it is closed. */
export const appendScript = `
local added = redis.pcall('XADD', KEYS[1], 'NOMKSTREAM', ARGV[1], 'f', ARGV[2], 'c', ARGV[3], 'd', ARGV[4])
if added == false then return 0 end
if type(added) == 'table' and added.err then
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if not last then return 1 end
  if last[1] == ARGV[5] then return 0 end
  local held = tonumber(string.match(last[1], '^%d+'))
  if held >= tonumber(ARGV[2]) + tonumber(ARGV[3]) then return 1 end
  return added
end
if redis.call('TTL', KEYS[1]) < ${lifeSeconds / 2} then redis.call('EXPIRE', KEYS[1], ${lifeSeconds}) end
return 1`

/** KEYS stream. ARGV end id, seconds that it is kept for viewers. */
export const closeScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.pcall('XADD', KEYS[1], ARGV[1], 'e', '1')
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`
