import { expect, test } from 'vitest'
import { createMetrics, type ServerLoad } from './create-metrics.ts'

test('shows the gauges of builds, stages and partitions, and forgets partitions that went', async () => {
  const load: ServerLoad = {
    nowMs: 10_000,
    builds: { pending: 1, running: 2, success: 3 },
    partitions: [{ partition: 'a', pending: 4, running: 5, oldestPendingAt: 7_500 }],
    activeRepos: 6,
    users: 7,
    webhooks: [{ receiver: 'r', waiting: 8, failed: 9, sent: 1, oldestAt: 4_000 }],
    workers: { idle: { count: 2, slots: 5 }, gone: { count: 0, slots: 0 } },
  }
  let current = load
  const metrics = createMetrics(async () => current)
  metrics.observeDispatch(0.003)
  metrics.countRequest('GET', 200)
  const text = await metrics.text()
  for (const line of [
    'drone_build_count 6',
    'drone_pending_builds 1',
    'drone_running_builds 2',
    'drone_pending_jobs 4',
    'drone_running_jobs 5',
    'drone_repo_count 6',
    'drone_user_count 7',
    'waggle_partition_pending{partition="a"} 4',
    'waggle_partition_running{partition="a"} 5',
    'waggle_partition_oldest_wait_seconds{partition="a"} 2.5',
    'waggle_workers{state="idle"} 2',
    'waggle_worker_slots{state="idle"} 5',
    'waggle_workers{state="gone"} 0',
    'waggle_webhooks_waiting{receiver="r"} 8',
    'waggle_webhooks_failed{receiver="r"} 9',
    'waggle_webhooks_oldest_wait_seconds{receiver="r"} 6',
    'waggle_dispatch_seconds_count 1',
    'waggle_http_requests_total{method="GET",status="200"} 1',
  ])
    expect(text).toContain(`${line}\n`)
  expect(text).toContain('process_resident_memory_bytes')
  expect(text).toContain('waggle_load_age_seconds 0\n')
  // What waits has waited longer by the time that passed since it was read.
  current = { ...load, ageMs: 1_500 }
  const later = await metrics.text()
  expect(later).toContain('waggle_load_age_seconds 1.5\n')
  expect(later).toContain('waggle_partition_oldest_wait_seconds{partition="a"} 4\n')
  current = { ...load, partitions: [] }
  expect(await metrics.text()).not.toContain('partition="a"')
})
