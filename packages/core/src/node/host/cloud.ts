import { readFileSync } from "node:fs";
import type { Json } from "../../model/event.js";
import { isThere } from "./folders.js";

type Env = Readonly<Record<string, string | undefined>>;

/** A place that is known by a variable it sets. */
interface Place {
  readonly mark: string;
  readonly provider: string;
  readonly platform: string;
  /** Variables that say where and on which instance. */
  readonly region?: string;
  readonly host?: string;
}

/** The more specific first. */
const PLACES: readonly Place[] = [
  { mark: "AWS_LAMBDA_FUNCTION_NAME", provider: "aws", platform: "aws_lambda", region: "AWS_REGION" },
  { mark: "ECS_CONTAINER_METADATA_URI_V4", provider: "aws", platform: "aws_ecs", region: "AWS_REGION" },
  { mark: "ELASTIC_BEANSTALK_ENVIRONMENT_NAME", provider: "aws", platform: "aws_elastic_beanstalk" },
  { mark: "K_SERVICE", provider: "gcp", platform: "gcp_cloud_run" },
  { mark: "CLOUD_RUN_JOB", provider: "gcp", platform: "gcp_cloud_run" },
  { mark: "GAE_SERVICE", provider: "gcp", platform: "gcp_app_engine" },
  { mark: "CONTAINER_APP_NAME", provider: "azure", platform: "azure_container_apps" },
  { mark: "FUNCTIONS_WORKER_RUNTIME", provider: "azure", platform: "azure_functions", region: "REGION_NAME" },
  {
    mark: "WEBSITE_SITE_NAME",
    provider: "azure",
    platform: "azure_app_service",
    region: "REGION_NAME",
    host: "WEBSITE_INSTANCE_ID",
  },
  {
    mark: "FLY_APP_NAME",
    provider: "fly_io",
    platform: "fly_machines",
    region: "FLY_REGION",
    host: "FLY_MACHINE_ID",
  },
  { mark: "VERCEL", provider: "vercel", platform: "vercel", region: "VERCEL_REGION" },
  { mark: "RENDER", provider: "render", platform: "render", host: "RENDER_INSTANCE_ID" },
  {
    mark: "RAILWAY_ENVIRONMENT_ID",
    provider: "railway",
    platform: "railway",
    region: "RAILWAY_REPLICA_REGION",
    host: "RAILWAY_REPLICA_ID",
  },
  { mark: "DYNO", provider: "heroku", platform: "heroku_dyno", host: "DYNO" },
  { mark: "KUBERNETES_SERVICE_HOST", provider: "kubernetes", platform: "kubernetes" },
];

/**
 * The cloud this process runs in, according to its environment variables; no service is asked.
 *
 * @returns by the names of the protocol's `cloud_resource`; `undefined` outside of any that is known
 */
export function cloudContext(env: Env): Record<string, Json> | undefined {
  const place = PLACES.find(({ mark }) => filled(env[mark]));
  if (place === undefined) return undefined;
  const region = place.region === undefined ? undefined : env[place.region];
  const host = place.host === undefined ? undefined : env[place.host];
  return {
    "cloud.provider": place.provider,
    "cloud.platform": place.platform,
    ...(filled(region) ? { "cloud.region": region! } : {}),
    ...(filled(host) ? { "host.id": host! } : {}),
  };
}

/** The container this process runs in; `undefined` outside of any. */
export function containerContext(env: Env): Record<string, Json> | undefined {
  const isKubernetes = filled(env["KUBERNETES_SERVICE_HOST"]);
  const marks = { "/.dockerenv": "docker", "/run/.containerenv": "podman" };
  const engine = Object.entries(marks).find(([path]) => isThere(path))?.[1];
  const id = containerId();
  if (!isKubernetes && engine === undefined && id === undefined) return undefined;
  const namespace = isKubernetes ? textOf(`${SERVICE_ACCOUNT}/namespace`)?.trim() : undefined;
  return {
    runtime: isKubernetes ? "kubernetes" : (engine ?? "container"),
    ...(id === undefined ? {} : { id }),
    ...(isKubernetes && filled(env["HOSTNAME"]) ? { pod: env["HOSTNAME"]! } : {}),
    ...(filled(namespace) ? { namespace: namespace! } : {}),
  };
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The engine names the control group, or the folder of the container's host name, by the container's id. */
function containerId(): string | undefined {
  const group = /[/:-]([0-9a-f]{64})(?:\.scope)?$/m.exec(textOf("/proc/self/cgroup") ?? "")?.[1];
  return (
    group ?? /\/containers\/(?:[\w-]*\/)?([0-9a-f]{64})\//.exec(textOf("/proc/self/mountinfo") ?? "")?.[1]
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function filled(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== "";
}
