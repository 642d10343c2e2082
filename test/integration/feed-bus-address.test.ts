import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { RouterError } from '../../lib/errors.ts';
import { EmbeddedBus } from '../../lib/feed/embedded/embedded-bus.ts';
import { listenFailure } from '../../lib/feed/embedded/listen-failure.ts';
import { closingAfterEach } from '../support/closing.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { RouterProcess } from '../support/router-process.ts';

describe('an embedded bus whose address cannot be listened on', () => {
  const closing = closingAfterEach();

  async function takenPort(): Promise<number> {
    const taken = createServer().listen(0, '127.0.0.1');
    closing(() => taken.close());
    await once(taken, 'listening');
    return (taken.address() as AddressInfo).port;
  }

  async function failure(host: string, port: number): Promise<RouterError> {
    const bus = new EmbeddedBus({ host, port, logger: recordingLogger() });
    closing(() => bus.stop());
    const error = await bus.start().catch((reason: unknown) => reason);
    if (!(error instanceof RouterError)) throw new Error(`expected a RouterError, got ${error}`);
    return error;
  }

  it('names the port that is taken, and what to do', async () => {
    const port = await takenPort();
    expect(await failure('127.0.0.1', port)).to.include({
      code: 'LISTEN_FAILED',
      message:
        `nats.embedded.port: address already in use: 127.0.0.1:${port}; set another port, or leave nats.embedded out ` +
        'and name the bus that is there in nats.hosts',
    });
  });

  for (const host of ['203.0.113.1', 'nowhere.invalid']) {
    it(`names the host ${host}, which is not its own`, async () => {
      expect(await failure(host, 0)).to.include({
        code: 'LISTEN_FAILED',
        message: `nats.embedded.host: "${host}" is no address of this host; set one that is, such as 127.0.0.1`,
      });
    });
  }

  it('names a port that takes more rights, and keeps the words of any other error', () => {
    const told = (code: string) =>
      listenFailure(Object.assign(new Error('odd'), { code }), '::1', 80).message;
    expect(told('EACCES')).to.equal(
      'nats.embedded.port: permission denied: [::1]:80; set a port of 1024 or more',
    );
    expect(told('EODD')).to.equal('nats.embedded: cannot listen on [::1]:80: odd');
  });

  it('ends the start with that line and exit code 1', async () => {
    const port = await takenPort();
    const router = await RouterProcess.make(closing, `nats: {embedded: {port: ${port}}}`);
    await router.launch();
    const { data } = await router.said('gorouter.exited-with-failure');
    expect(data.error).to.include(`nats.embedded.port: address already in use: 127.0.0.1:${port}`);
    expect(await router.ended()).to.equal(1);
  });
});
