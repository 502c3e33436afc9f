// A training script on the third-party client `mlflow` of the npm registry, unmodified. Usage: node training.js <endpoint> <unique name>
'use strict'
const assert = require('node:assert/strict')
const MLflow = require('mlflow')
const { ViewType, RunStatus } = require('mlflow/enum')

// The client prints each body that it sends; standard output is for the result.
console.log = () => {}

async function refused(call, status, code) {
  const error = await call.then(() => null, e => e)
  assert.ok(error, `expected ${status} ${code}`)
  const answer = JSON.parse(error.message.slice(error.message.indexOf('{')))
  assert.equal(answer.status, status)
  assert.equal(answer.data.error_code, code)
}

async function main(endpoint, name) {
  const { Experiments, Runs, Metrics, Artifacts } = new MLflow({ endpoint })

  const { experiment_id } = await Experiments.create({ name })
  await refused(Experiments.create({ name }), 400, 'RESOURCE_ALREADY_EXISTS')
  await refused(Experiments.get({ experiment_id: '987654321' }), 404, 'RESOURCE_DOES_NOT_EXIST')
  await Experiments.update({ experiment_id, new_name: name + ' renamed' })
  const { experiment } = await Experiments.get({ experiment_id })
  assert.equal(experiment.name, name + ' renamed')
  assert.equal(experiment.lifecycle_stage, 'active')

  const start_time = Date.now()
  const created = await Runs.create({ experiment_id, user_id: 'ada', start_time, tags: [{ key: 'team', value: 'fraud' }] })
  const { run_id } = created.run.info
  assert.equal(created.run.info.status, RunStatus.RUNNING)

  await Runs.logParameter({ run_id, key: 'lr', value: '0.1' })
  await Runs.logParameter({ run_id, key: 'lr', value: '0.1' })
  await refused(Runs.logParameter({ run_id, key: 'lr', value: '0.2' }), 400, 'INVALID_PARAMETER_VALUE')
  await Runs.logMetric({ run_id, key: 'loss', value: 1.5, timestamp: start_time, step: 0 })
  await Runs.logMetric({ run_id, key: 'loss', value: 1.5, timestamp: start_time, step: 0 })
  const metrics = Array.from({ length: 999 }, (_, i) => ({ key: 'loss', value: 1 / (i + 1), timestamp: start_time + i + 1, step: i + 1 }))
  await Runs.logBatch({ run_id, metrics, params: [], tags: [{ key: 'stage', value: 'train' }] })
  await refused(Runs.logBatch({ run_id, metrics: [...metrics, ...metrics], params: [], tags: [] }), 400, 'INVALID_PARAMETER_VALUE')
  await Runs.setTag({ run_id, key: 'note', value: 'über' })
  await Runs.deleteTag({ run_id, key: 'team' })
  await refused(Runs.deleteTag({ run_id, key: 'team' }), 404, 'RESOURCE_DOES_NOT_EXIST')
  await Runs.update({ run_id, status: RunStatus.FINISHED, end_time: start_time + 5000 })

  // This client never sends max_results.
  const history = await Metrics.getHistory({ run_id, metric_key: 'loss' })
  assert.equal(history.metrics.length, 1000)
  assert.deepEqual(history.metrics.map(m => m.step), Array.from({ length: 1000 }, (_, i) => i))

  const { run } = await Runs.get({ run_id })
  assert.equal(run.info.end_time, start_time + 5000)
  assert.deepEqual(run.data.params, [{ key: 'lr', value: '0.1' }])
  assert.equal(run.data.metrics[0].value, 1 / 999)
  assert.equal(run.data.tags.find(t => t.key === 'note').value, 'über')
  assert.ok(!run.data.tags.some(t => t.key === 'team'))

  const found = await Runs.search({ experiment_ids: [experiment_id], filter: "metrics.loss < 0.01 and params.lr = '0.1'", run_view_type: ViewType.ACTIVE_ONLY })
  assert.deepEqual(found.runs.map(r => r.info.run_id), [run_id])
  await refused(Runs.search({ experiment_ids: [experiment_id], filter: 'metrics.loss <' }), 400, 'INVALID_PARAMETER_VALUE')

  const files = await Artifacts.list({ run_id })
  assert.equal(files.root_uri, run.info.artifact_uri)

  await Runs.delete({ run_id })
  const gone = await Runs.search({ experiment_ids: [experiment_id], run_view_type: ViewType.ACTIVE_ONLY })
  assert.deepEqual(gone, {})
  await Runs.restore({ run_id })
  await Experiments.delete({ experiment_id })
  await Experiments.restore({ experiment_id })
  const back = await Runs.search({ experiment_ids: [experiment_id], run_view_type: ViewType.ALL })
  assert.equal(back.runs.length, 1)
  return run_id
}

main(process.argv[2], process.argv[3]).then(
  run => process.stdout.write(`ok ${run}\n`),
  error => { process.stderr.write(`${error.stack}\n`); process.exitCode = 1 })
