import * as grpc from '@grpc/grpc-js';

/** What all methods take and give: JSON, since the marshalling is not what is tested. */
export interface Word {
  readonly text: string;
  readonly n?: number;
}

const marshal = {
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
};

function serialize(word: Word): Buffer {
  return Buffer.from(JSON.stringify(word));
}

function deserialize(bytes: Buffer): Word {
  return JSON.parse(bytes.toString());
}

function method(name: string, requestStream: boolean, responseStream: boolean) {
  return { path: `/tests.Echo/${name}`, requestStream, responseStream, ...marshal };
}

/** One method of each kind, and some that do not end well. */
export const ECHO = {
  unary: method('Unary', false, false),
  serverStream: method('ServerStream', false, true),
  clientStream: method('ClientStream', true, false),
  both: method('Both', true, true),
  failing: method('Failing', false, false),
  hanging: method('Hanging', false, false),
} as const;

export interface EchoClient extends grpc.Client {
  unary(
    word: Word,
    metadata: grpc.Metadata,
    done: (error: grpc.ServiceError | null, answer?: Word) => void,
  ): grpc.ClientUnaryCall;
  serverStream(word: Word): grpc.ClientReadableStream<Word>;
  clientStream(
    done: (error: grpc.ServiceError | null, answer?: Word) => void,
  ): grpc.ClientWritableStream<Word>;
  both(): grpc.ClientDuplexStream<Word, Word>;
  failing(word: Word, done: (error: grpc.ServiceError | null, answer?: Word) => void): grpc.ClientUnaryCall;
  hanging(
    word: Word,
    options: grpc.CallOptions,
    done: (error: grpc.ServiceError | null, answer?: Word) => void,
  ): grpc.ClientUnaryCall;
}

/** A gRPC server over TLS, and what it saw. */
export class EchoServer {
  /** Calls that their clients gave up. */
  cancelled = 0;
  hanging = 0;
  port = 0;
  readonly #server = new grpc.Server();

  static async start(
    tls: { readonly cert: string; readonly key: string },
    closing: (close: () => unknown) => void,
  ): Promise<EchoServer> {
    const echo = new EchoServer();
    closing(() => echo.#server.forceShutdown());
    echo.#server.addService(ECHO, echo.#methods());
    const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) };
    const credentials = grpc.ServerCredentials.createSsl(null, [pair]);
    echo.port = await new Promise<number>((resolve, reject) =>
      echo.#server.bindAsync('127.0.0.1:0', credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
    return echo;
  }

  #methods(): grpc.UntypedServiceImplementation {
    return {
      unary: (call: grpc.ServerUnaryCall<Word, Word>, done: grpc.sendUnaryData<Word>) => {
        const trailer = new grpc.Metadata();
        trailer.set('x-trailer', String(call.metadata.get('x-from')[0] ?? ''));
        trailer.set('x-bytes-bin', Buffer.from([0, 1, 254, 255]));
        done(null, { text: call.request.text.toUpperCase() }, trailer);
      },
      serverStream: (call: grpc.ServerWritableStream<Word, Word>) => {
        for (let n = 0; n < (call.request.n ?? 0); n += 1) call.write({ text: call.request.text, n });
        call.end();
      },
      clientStream: (call: grpc.ServerReadableStream<Word, Word>, done: grpc.sendUnaryData<Word>) => {
        let n = 0;
        let text = '';
        call.on('data', (word: Word) => {
          n += 1;
          text = word.text;
        });
        call.on('end', () => done(null, { text, n }));
      },
      both: (call: grpc.ServerDuplexStream<Word, Word>) => {
        call.on('data', (word: Word) => call.write({ text: `${word.text}!` }));
        call.on('end', () => call.end());
        call.on('cancelled', () => {
          this.cancelled += 1;
        });
      },
      failing: (_call: unknown, done: grpc.sendUnaryData<Word>) =>
        done({ code: grpc.status.FAILED_PRECONDITION, details: 'not like this: ä' }),
      hanging: (call: grpc.ServerUnaryCall<Word, Word>) => {
        this.hanging += 1;
        call.on('cancelled', () => {
          this.cancelled += 1;
        });
      },
    };
  }
}

/** A client of the service under `authority`, by way of whoever listens on `port`. */
export function echoClient(
  port: number,
  authority: string,
  ca: string,
  closing: (close: () => unknown) => void,
): EchoClient {
  const Client = grpc.makeGenericClientConstructor(ECHO, 'Echo') as unknown as new (
    ...args: ConstructorParameters<typeof grpc.Client>
  ) => EchoClient;
  const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createSsl(Buffer.from(ca)), {
    'grpc.ssl_target_name_override': authority,
    'grpc.default_authority': authority,
    'grpc.enable_retries': 0,
  });
  closing(() => client.close());
  return client;
}
