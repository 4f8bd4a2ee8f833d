import type { Json } from "../../model/event.js";

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
 * The cloud this process runs in, as its environment variables tell: nobody else is asked.
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

function filled(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== "";
}
