/** An inner part of kafkajs without types of its own: how a fetch is written for a broker. */
declare module "kafkajs/src/protocol/requests/fetch/index.js" {
  interface FetchParts {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
    readonly rackId: string;
  }
  const requests: {
    protocol(options: {
      readonly version: number;
    }): (parts: FetchParts) => { readonly request: unknown };
  };
  export default requests;
}
