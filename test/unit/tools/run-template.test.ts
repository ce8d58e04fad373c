import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { readTemplateApp } from '../../../tools/cluster/run-template.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

const root = resolve(import.meta.dirname, '../../..')

describe('the multi-app run template', () => {
  const folder = useTemporaryFolder()

  function write(text: string): string {
    const file = join(folder.path, 'dapr.yaml')
    writeFileSync(file, text)
    return file
  }

  it('of the project gives hosts their health checks, resources and configuration', () => {
    const host = readTemplateApp(join(root, 'dapr/dapr.yaml'), 'host')
    const args = host.daprdArgs.join(' ')
    expect(host.folder).to.equal(root)
    expect(host.command).to.deep.equal(['node', 'bin/host.ts'])
    expect(host.hasAppPort).to.equal(true)
    expect(args).to.include('--app-id host')
    expect(args).to.include('--enable-app-health-check --app-health-check-path /healthz')
    expect(args).to.include('--app-health-probe-interval 1 ')
    expect(args).to.include('--app-health-threshold 2')
    expect(args).to.include(`--resources-path ${root}/components`)
    expect(args).to.include(`--config ${root}/dapr/config.yaml`)
    expect(args).to.include('--dapr-listen-addresses 127.0.0.1')
  })

  it('of the project gives gateways no application port', () => {
    const gateway = readTemplateApp(join(root, 'dapr/dapr.yaml'), 'gateway')
    expect(gateway.hasAppPort).to.equal(false)
    expect(gateway.daprdArgs).not.to.include('--enable-app-health-check')
  })

  it('lets an application say otherwise than the common part', () => {
    const file = write(`
version: 1
common: { logLevel: info, env: { A: common, B: common } }
apps:
  - { appID: host, appDirPath: app, command: [deno, x.ts], logLevel: debug, env: { B: own } }
`)
    const app = readTemplateApp(file, 'host')
    expect(app.folder).to.equal(join(folder.path, 'app'))
    expect(app.env).to.deep.equal({ A: 'common', B: 'own' })
    expect(app.daprdArgs.join(' ')).to.include('--log-level debug')
  })

  it('is refused when it says something that the launcher would not heed', () => {
    const file = write(
      'version: 1\napps: [{ appID: host, appDirPath: ., command: [node], appMaxConcurrency: 3 }]',
    )
    expect(() => readTemplateApp(file, 'host')).to.throw('appMaxConcurrency')
  })

  it('is refused when the application is not in it', () => {
    expect(() => readTemplateApp(write('version: 1\napps: []'), 'host')).to.throw('no app with appID host')
  })
})
