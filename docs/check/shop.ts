import type { IncomingMessage } from "node:http";
import type { Client } from "@corvid/core";
import express, { type Express } from "express";

/** What the blocks of the pages speak of and do not make themselves: the words of an application. */
interface Shop {
  readonly order: Order;
  readonly job: { readonly id: number; readonly owner: string };
  readonly app: Express;
  /** The clients of several parties. */
  readonly clients: Map<string, Client>;
  /** Fails. */
  chargeCard(order: Order): Promise<void>;
  work(job: { readonly id: number }): Promise<void>;
  findOrder(id: string): Promise<Order>;
  answerTo(request: IncomingMessage): Promise<string>;
}

interface Order {
  readonly id: number;
  readonly customer: string;
  readonly total: number;
}

declare global {
  var order: Shop["order"];
  var job: Shop["job"];
  var app: Shop["app"];
  var clients: Shop["clients"];
  var chargeCard: Shop["chargeCard"];
  var work: Shop["work"];
  var findOrder: Shop["findOrder"];
  var answerTo: Shop["answerTo"];
}

/** Makes the words anew for a block. */
export function createShop(): Shop {
  const order: Order = { id: 7, customer: "u1", total: 20 };
  return {
    order,
    job: { id: 1, owner: "u1" },
    app: express(),
    clients: new Map(),
    chargeCard: async ({ id }) => {
      throw new Error(`The card of order ${id} was declined`);
    },
    work: async () => undefined,
    findOrder: async () => order,
    answerTo: async ({ url }) => `You asked for ${url}`,
  };
}
