// graphql-ws on ws as its documentation sets it up: every subscriber is an operation of its own. What is posted to
// /publish is the next event of everybody.
'use strict';

const { createServer } = require('node:http');
const { GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } =
  require('graphql');
const { useServer } = require('graphql-ws/use/ws');
const { WebSocketServer } = require('ws');

class Queue {
  constructor(first) {
    this.values = [first];
    this.waiting = null;
    queues.add(this);
  }

  push(value) {
    if (!this.waiting) return this.values.push(value);
    const resolve = this.waiting;
    this.waiting = null;
    return resolve({ value, done: false });
  }

  next() {
    if (this.values.length) return Promise.resolve({ value: this.values.shift(), done: false });
    return new Promise((resolve) => (this.waiting = resolve));
  }

  return() {
    queues.delete(this);
    this.waiting?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

const queues = new Set();
const frame = (events) => ({ events: { kind: events.length ? 'EVENTS' : 'HEARTBEAT', position: { cursor: 'A' }, events } });

const ValueChange = new GraphQLObjectType({
  name: 'ValueChange',
  fields: { field: { type: GraphQLString }, old: { type: GraphQLString }, new: { type: GraphQLString } },
});
const Event = new GraphQLObjectType({
  name: 'Event',
  fields: {
    id: { type: new GraphQLNonNull(GraphQLID) },
    seq: { type: GraphQLInt },
    objectId: { type: GraphQLID },
    recordedAt: { type: GraphQLString },
    changes: { type: new GraphQLList(ValueChange) },
  },
});
const Position = new GraphQLObjectType({ name: 'Position', fields: { cursor: { type: GraphQLString } } });
const EventFrame = new GraphQLObjectType({
  name: 'EventFrame',
  fields: { kind: { type: GraphQLString }, position: { type: Position }, events: { type: new GraphQLList(Event) } },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { up: { type: GraphQLBoolean } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      events: {
        type: EventFrame,
        args: { scope: { type: new GraphQLNonNull(GraphQLID) }, after: { type: GraphQLString } },
        subscribe: () => new Queue(frame([])),
      },
    },
  }),
});

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => (body += part));
  request.on('end', () => {
    if (request.url === '/publish') {
      const told = frame([JSON.parse(body)]);
      for (const queue of queues) queue.push(told);
    }
    response.setHeader('Content-Length', 2).end('ok');
  });
});
useServer({ schema }, new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }));
server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 });
