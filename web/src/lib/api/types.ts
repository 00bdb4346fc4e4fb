/** What the API takes and gives, as `GET /api/openapi.json` has it. */

export type Time = string;
export type Severity = "informational" | "low" | "medium" | "high" | "critical";
export type AlertState = "new" | "acknowledged" | "closed";
export type Verdict = "true_positive" | "benign" | "false_positive";
export type Effort = "elementary" | "intermediate" | "advanced" | "master";
export type Role = "viewer" | "analyst" | "admin";
export type FieldType = "keyword" | "date" | "long" | "boolean" | "ip" | "geo_point" | "object";

export interface Diagnostic {
  severity: "error" | "warning" | "note";
  code: string;
  line: number;
  column: number;
  message: string;
  hint: string | null;
}

export interface ProblemDocument {
  title: string;
  status: number;
  detail: string;
  code?: string;
  position?: { start: number; end: number };
  help?: string;
  diagnostics?: Diagnostic[];
}

export interface Meta {
  version: string;
  now: Time;
  started: Time;
  caller: { name: string; role: Role };
  demo: boolean;
  attack_version: string;
}

export interface Health {
  ok: boolean;
  checks: { name: string; ok: boolean; reason: string | null }[];
  store: { first_day: string | null; last_day: string | null; days: number };
}

export interface Intake {
  name: string;
  kind: "okta" | "http" | "event_hook";
  organization: { id: string | null; name: string | null };
  base_url: string | null;
  status: "idle" | "catching_up" | "up_to_date" | "failing" | "listening";
  problem: string | null;
  last_problem: { at: Time; reason: string } | null;
  newest_event: Time | null;
  last_success: Time | null;
  lag_seconds: number | null;
  events: number | null;
  backfill: "idle" | "catching_up" | "up_to_date" | "failing" | "finished" | null;
  rate_limit: { limit: number; remaining: number } | null;
  keys: { active: number };
}

export interface IntakeKey {
  id: number;
  intake: string;
  name: string;
  created: Time;
  revoked: Time | null;
}
export interface NewKey extends IntakeKey {
  key: string;
}

export type Scalar = string | number | boolean | object;
export type Document = Record<string, unknown>;

export interface QueryWarning {
  start: number;
  end: number;
  problem: string;
  help: string;
}
export interface UnreadableDay {
  day: string;
  reason: string;
}
export interface Bucket {
  time: Time;
  count: number;
}

export interface EventHit {
  id: string;
  seq: number;
  time: Time;
  intake: string | null;
  record?: Document;
  fields?: Record<string, Scalar | Scalar[]>;
  raw?: string;
}
export interface EventPage {
  events: EventHit[];
  next: string | null;
  warnings: QueryWarning[];
  unreadable: UnreadableDay[];
  took_ms: number;
}
export interface HistogramAnswer {
  interval_ms: number;
  since: Time | null;
  until: Time | null;
  total: number;
  buckets: Bucket[];
  unreadable: UnreadableDay[];
  took_ms: number;
}
export interface Facet {
  field: string;
  values: { value: string; count: number }[];
  distinct: number;
  missing: number;
}
export interface FacetsAnswer {
  total: number;
  facets: Facet[];
  took_ms: number;
}
export interface EventDetail extends EventHit {
  record: Document;
  raw: string;
  ingested: Time | null;
  organization: { id: string | null; name: string | null };
  flat: { field: string; type: FieldType; values: Scalar[] }[];
  alerts: { id: string; title: string; severity: Severity; state: AlertState }[];
}
export interface Around {
  before: EventHit[];
  event: EventHit;
  after: EventHit[];
}
export interface FieldInfo {
  name: string;
  type: FieldType;
  many: boolean;
  description: string;
  okta: string | null;
  searchable: boolean;
  countable: boolean;
  values: string[] | null;
}
export interface FieldValues {
  field: string;
  values: { value: string; count: number }[];
}
export interface QueryCheck {
  ok: boolean;
  normalised: string | null;
  error: QueryWarning | null;
  warnings: QueryWarning[];
  fields: string[];
}

export interface AlertSummary {
  id: string;
  seq: number;
  repeat_of: string | null;
  title: string;
  severity: Severity;
  state: AlertState;
  verdict: Verdict | null;
  assignee: string | null;
  rule: { id: string; name: string };
  time: Time;
  last_time: Time;
  created: Time;
  count: number;
  user: string | null;
  address: string | null;
  place: string | null;
  techniques: string[];
  comments: number;
  version: number;
}
export interface AlertPage {
  alerts: AlertSummary[];
  next: string | null;
  total: number;
}
export interface Count {
  value: string | null;
  count: number;
}
export interface NamedCount extends Count {
  name: string;
}
export interface AlertFacets {
  total: number;
  state: Count[];
  severity: Count[];
  verdict: Count[];
  assignee: Count[];
  rule: NamedCount[];
  user: Count[];
  technique: NamedCount[];
}
export interface NamedEntity {
  id?: string;
  name?: string;
  type?: string;
}
export interface Entities {
  user?: NamedEntity;
  actor?: NamedEntity;
  target_user?: NamedEntity;
  app?: NamedEntity;
  source_ip?: string;
  place?: string;
  session?: string;
  api_token?: string;
}
export interface AlertEvent {
  id: string | null;
  time: Time | null;
  action: string | null;
  user: string | null;
  address: string | null;
  outcome: string | null;
  record: Document;
  is_whole: boolean;
}
export interface AlertHistoryEntry {
  at: Time;
  by: string;
  kind: "state" | "assign" | "comment";
  state: AlertState | null;
  verdict: Verdict | null;
  assignee: string | null;
  comment: string | null;
}
export interface AlertDetail extends AlertSummary {
  description: string | null;
  effort: Effort | null;
  entities: Entities;
  matched: { field: string; value: string }[];
  events: AlertEvent[];
  event_count: number;
  correlation: {
    type: string;
    timespan: string;
    value: string | null;
    first: Time;
    last: Time;
  } | null;
  attack: {
    tactics: { id: string; name: string }[];
    techniques: { id: string; name: string; url: string }[];
  };
  triage: string[];
  false_positives: string[];
  references: string[];
  indicators: Document[];
  comments_list: { id: number; at: Time; by: string; text: string }[];
  history: AlertHistoryEntry[];
  repeats: AlertSummary[];
  document: Document;
}
export interface AlertChange {
  state?: AlertState;
  verdict?: Verdict | null;
  assignee?: string | null;
  comment?: string;
  if_version?: number;
}
export interface BulkAnswer {
  changed: number;
  failed: { id: string; problem: string }[];
}
export interface Verdicts {
  true_positive: number;
  benign: number;
  false_positive: number;
}
export interface Similar {
  alerts: (AlertSummary & { because: ("rule" | "user" | "address" | "technique")[] })[];
  verdicts: Verdicts;
}

export interface RuleSummary {
  id: string;
  title: string;
  description: string | null;
  level: Severity;
  effort: Effort | null;
  status: string | null;
  tags: string[];
  techniques: { id: string; name: string }[];
  tactics: { id: string; name: string; short_name: string }[];
  ruleset: string;
  kind: "event" | "correlation" | "intelligence";
  state: "on" | "idle" | "unusable" | "off";
  enabled: boolean;
  switched: { enabled: boolean; by: string; at: Time; reason: string | null } | null;
  exceptions: number;
  alerts: { day: number; week: number; month: number; last: Time | null };
}
export interface RuleList {
  rules: RuleSummary[];
  counts: { on: number; idle: number; unusable: number; off: number };
  problems: Diagnostic[];
}
export interface Exception {
  id: number | null;
  rule: string;
  rule_title: string | null;
  field: string;
  values: string[];
  reason: string;
  expires: Time;
  by: string | null;
  created: Time | null;
  is_over: boolean;
  source: "desk" | "file";
}
export interface NewException {
  rule: string;
  field: string;
  values: string[];
  reason: string;
  expires: string;
}
export interface RuleDetail extends RuleSummary {
  author: string | null;
  references: string[];
  date: string | null;
  modified: string | null;
  license: string | null;
  triage: string[];
  false_positives: string[];
  fields: string[];
  file: string;
  source: string | null;
  exceptions_list: Exception[];
  verdicts: Verdicts;
}
export interface DryRunAnswer {
  diagnostics: Diagnostic[];
  title: string;
  level: Severity;
  scanned: number;
  matched: number;
  is_cut: boolean;
  scanned_since: Time | null;
  buckets: Bucket[];
  matches: {
    time: Time;
    title: string;
    user: string | null;
    address: string | null;
    place: string | null;
    event_id: string | null;
    matched: { field: string; value: string }[];
  }[];
  excepted: number;
  took_ms: number;
}
export interface CoveredTechnique {
  id: string;
  name: string;
  url: string;
  parent: string | null;
  rules: { id: string; title: string; level: Severity; enabled: boolean }[];
  fired: number;
}
export interface CoverageAnswer {
  attack_version: string;
  techniques_covered: number;
  tactics: {
    id: string;
    name: string;
    short_name: string;
    techniques_total: number;
    techniques: CoveredTechnique[];
  }[];
}
export type AlertBucket = { time: Time } & Record<Severity, number>;
export interface Overview {
  since: Time;
  until: Time;
  interval_ms: number;
  events: { total: number; buckets: Bucket[] };
  alerts: { total: number; buckets: AlertBucket[] };
  open: {
    new: number;
    acknowledged: number;
    unassigned: number;
    by_severity: Record<Severity, number>;
  };
  attention: AlertSummary[];
  sign_ins: {
    total: number;
    failed: number;
    countries: { country: string; success: number; failure: number }[];
  };
  top_rules: { id: string; title: string; severity: Severity; count: number }[];
  top_users: { user: string; risk: number; alerts: number }[];
  intakes: Intake[];
  unreadable: UnreadableDay[];
}

export type EntityKind = "user" | "address" | "session" | "app" | "device";
export interface EntityRow {
  value: string;
  events: number;
  alerts: number;
  risk: number;
}
export interface Seen {
  value: string;
  count: number;
  first: Time;
  last: Time;
  is_new: boolean;
}
export interface EntityChange {
  time: Time;
  action: string;
  what: string;
  by: string | null;
  target: string | null;
  event_id: string;
  outcome: string | null;
  area: "factor" | "privilege" | "credential" | "session" | "account";
}
export interface Entity {
  kind: EntityKind;
  id: string;
  query: string;
  names: { id: string | null; name: string | null; full_name: string | null; type: string | null };
  events: number;
  failures: number;
  first_seen: Time | null;
  last_seen: Time | null;
  activity: { interval_ms: number; buckets: Bucket[] };
  actions: Count[];
  places: Seen[];
  addresses: Seen[];
  devices: Seen[];
  user_agents: Seen[];
  apps: Seen[];
  sessions: Seen[];
  users: Seen[];
  changes: EntityChange[];
  alerts: AlertSummary[];
  risk: {
    score: number;
    parts: { alert: string; title: string; severity: Severity; points: number; time: Time }[];
  };
}

export interface SavedSearch {
  id: number;
  name: string;
  kind: "events" | "alerts";
  query: string;
  params: Record<string, string>;
  by: string;
  created: Time;
  changed: Time;
}
export interface AuditEntry {
  id: number;
  at: Time;
  by: string;
  action: string;
  target: string | null;
  detail: Document;
}
export interface AuditPage {
  entries: AuditEntry[];
  next: string | null;
}

export interface SessionState {
  user: {
    id: number;
    name: string;
    role: Role;
    has_password: boolean;
    expires: Time;
  } | null;
  csrf: string | null;
  setup: boolean;
  oidc: { name: string; start: string } | null;
}
export interface User {
  id: number;
  name: string;
  role: Role;
  disabled: boolean;
  has_password: boolean;
  oidc: boolean;
  created: Time;
  last_sign_in: Time | null;
}
export interface Token {
  id: number;
  name: string;
  role: Role | "intake";
  intake: string | null;
  owner: string | null;
  created: Time;
  expires: Time;
  last_used: Time | null;
  revoked: Time | null;
}
