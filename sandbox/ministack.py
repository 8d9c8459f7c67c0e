"""Starts the pinned MiniStack and bridges what differs from AWS.

Every patch replaces one known line of the pinned version and refuses to start
when that line is gone, so an upgrade cannot silently lose a bridge.
"""

import asyncio
import datetime
import hashlib
import importlib.util
import inspect
import json
import os
import sys
import textwrap
import threading
import urllib.parse

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import eventbridge, kms, s3, scheduler
from ministack.services.cloudformation import provisioners

DARK: set[str] = set()
ACCOUNT = os.environ["MINISTACK_ACCOUNT_ID"]


def patch(module, function_name, old, new, *more, **names):
    source = textwrap.dedent(inspect.getsource(getattr(module, function_name)))
    for before, after in [(old, new), *more]:
        if source.count(before) != 1:
            raise SystemExit(f"sandbox: {module.__name__}.{function_name} no longer has the line to bridge: {before!r}")
        source = source.replace(before, after)
    vars(module).update(names)
    exec(compile(source, module.__file__, "exec"), vars(module))


def copy_refused(bucket, key, headers):
    if headers.get("x-sandbox-conditions") == "ignored":
        return None
    if headers.get("if-none-match") == "*" and key in bucket["objects"]:
        return s3._error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
    wanted = headers.get("if-match")
    held = bucket["objects"].get(key)
    if wanted and held is None:
        return s3._error("NoSuchKey", "The specified key does not exist.", 404)
    if wanted and held["etag"].strip('"') != wanted.strip('"'):
        return s3._error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
    return None


def archived(bucket, key, held):
    """No bytes come out of the cold classes before they are restored, by a copy neither."""
    kind = held.get("storage_class") or "STANDARD"
    if kind not in s3._ARCHIVE_STORAGE_CLASSES or s3._sync_restore(bucket, key, held) == "restored":
        return None
    return s3._invalid_object_state(bucket, key, kind)


def etag_of(body, encryption):
    """Of an object under a KMS key it is no MD5, and the same bytes written again have another one."""
    salt = os.urandom(16) if encryption.get("x-amz-server-side-encryption") == "aws:kms" else b""
    return '"' + hashlib.md5(salt + body, usedforsecurity=False).hexdigest() + '"'


# A created-only copy must not overwrite, a copied object has a single-part ETag, and is STANDARD unless it is said.
READ = "src_body = _read_body(src_bucket_name, src_key, src_obj)\n"
patch(
    s3, "_copy_object", READ,
    "cold = _sandbox_archived(src_bucket_name, src_key, src_obj)\n"
    "    if cold is not None:\n"
    "        return cold\n"
    "    " + READ + "    new_etag = _sandbox_etag(src_body, dest_sse)\n"
    "    if _sandbox_refused(dest_bucket, dest_key, headers) is not None:\n"
    "        return _sandbox_refused(dest_bucket, dest_key, headers)\n",
    ('default=src_obj.get("storage_class") or "STANDARD"', 'default="STANDARD"'),
    _sandbox_etag=etag_of,
    _sandbox_refused=copy_refused,
    _sandbox_archived=archived,
)
RANGE = "    # Handle x-amz-copy-source-range\n"
patch(
    s3, "_upload_part_copy", RANGE,
    "    cold = _sandbox_archived(src_bucket_name, src_key, ventry)\n"
    "    if cold is not None:\n"
    "        return cold\n" + RANGE,
)
PUT_ETAG = "etag = f'\"{md5_hash(body)}\"'\n    obj = "
patch(s3, "_put_object", PUT_ETAG, "etag = _sandbox_etag(body, sse_headers)\n    obj = ")


def names_version(bucket, key, query_params):
    wanted = s3._qp(query_params or {}, "versionId", "")
    return any(each["version_id"] == wanted and not each.get("is_delete_marker")
               for each in s3._object_versions.get((bucket, key), []))


# A version under a delete marker has tags of its own.
for function in ("_put_object_tagging", "_get_object_tagging"):
    patch(s3, function, 'if key not in bucket["objects"]:',
          'if key not in bucket["objects"] and not _sandbox_names_version(bucket_name, key, query_params):',
          _sandbox_names_version=names_version)


def beside(name):
    """A file of this folder, which -I keeps off the path."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.path.dirname(__file__), f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lifecycle = beside("lifecycle")
plain_lifecycle_error = s3._lifecycle_rules_error


def lifecycle_error_as_on_aws(rules):
    problem = lifecycle.refusal(rules)
    return s3._error("InvalidRequest", problem, 400) if problem else plain_lifecycle_error(rules)


s3._lifecycle_rules_error = lifecycle_error_as_on_aws
plain_configurations = provisioners._s3_apply_configurations


def configurations_with_lifecycle(name, props, old_props=None):
    """The emulator's CloudFormation forgets the lifecycle of a bucket."""
    plain_configurations(name, props, old_props)
    if "LifecycleConfiguration" in props:
        s3._bucket_lifecycle[name] = lifecycle.of_template(props["LifecycleConfiguration"])
    elif old_props and "LifecycleConfiguration" in old_props:
        s3._bucket_lifecycle.pop(name, None)


provisioners._s3_apply_configurations = configurations_with_lifecycle


def with_scheduled_time(target):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**target, "Input": target.get("Input", "{}").replace("<aws.scheduler.scheduled-time>", now)}


FIRE = 'target = sched.get("Target") or {}'
patch(scheduler, "_tick_schedules", FIRE, 'target = _sandbox_time(sched.get("Target") or {})',
      _sandbox_time=with_scheduled_time)
scheduler._SCHEDULE_TICK_INTERVAL = 1

# A rule or a schedule invokes asynchronously: Lambda tries again, and what fails ends in the OnFailure queue.
patch(
    eventbridge, "_dispatch_to_lambda",
    "threading.Thread(\n        target=lambda_svc._execute_function_with_config_scope, args=(exec_record, event), daemon=True\n    ).start()",
    "lambda_svc.invoke_async_with_retry(exec_record, event)",
)

plain_context = iam_actions.request_tag_context


def context_as_on_aws(service, action, body, params):
    """A policy may bound PutMetricData by its namespace, which the emulator does not tell."""
    context = plain_context(service, action, body, params) or {}
    if action != "cloudwatch:PutMetricData":
        return context
    try:
        namespace = json.loads(body)["Namespace"]
    except (ValueError, KeyError, TypeError):
        namespace = urllib.parse.parse_qs(bytes(body or b"").decode()).get("Namespace", [""])[0]
    return {**context, "cloudwatch:namespace": namespace}


iam_actions.request_tag_context = context_as_on_aws

plain_resource = iam_actions.extract_resource_arn


def resource_as_on_aws(*args, **kwargs):
    """AWS decides about a key by the key's own ARN, also when it is named by an alias;
    and the ARN of a rule on the default bus does not name the bus."""
    arn = plain_resource(*args, **kwargs).replace(":rule/default/", ":rule/")
    key_id = kms._aliases.get(arn) if ":alias/" in arn else None
    return arn.split(":alias/")[0] + ":key/" + key_id.split("/")[-1] if key_id else arn


iam_actions.extract_resource_arn = resource_as_on_aws
plain_action = iam_actions.extract_iam_action


def action_as_on_aws(*args, **kwargs):
    """SQS's batch calls are authorized as their single ones."""
    action = plain_action(*args, **kwargs)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


iam_actions.extract_iam_action = action_as_on_aws
plain_checks = iam_actions.s3_additional_checks


def checks_as_on_aws(method, path, headers, body, query_params):
    """A copy takes the tags of its source along, unless it says REPLACE, and then needs the rights on them."""
    checks = plain_checks(method, path, headers, body, query_params)
    source = iam_actions._s3_source_object(headers)
    replaces = headers.get("x-amz-tagging-directive", "COPY").upper() == "REPLACE"
    target = "arn:aws:s3:::" + path.lstrip("/")
    if headers.get("x-amz-tagging"):
        checks.append(("s3:PutObjectTagging", target))
    if method != "PUT" or source is None or replaces or "uploadId" in query_params:
        return checks
    arn, version = source
    bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    if not s3.object_tags_for_condition(bucket, key, {"versionId": [version]} if version else {}):
        return checks
    reading = "s3:GetObjectVersionTagging" if version else "s3:GetObjectTagging"
    return [*checks, (reading, arn), ("s3:PutObjectTagging", target)]


iam_actions.s3_additional_checks = checks_as_on_aws

# S3 names the resource in every denial (the emulator: only when a resource policy decided).
patch(iam_actions, "access_denied_response", 'if service == "iot" else ""',
      'if service == "iot" else f\' on resource: "{resource_arn}"\' if service == "s3" else ""')
ministack.access_denied_response = iam_actions.access_denied_response

# A changed bucket policy reaches S3's servers one by one: which of the next writes are judged by the policy of before.
SPREAD: list[bool] = []
SPREADING: dict[str, tuple[str, list[bool]]] = {}
SPREAD_LOCK = threading.Lock()


def spreading(change):
    def changed(name, *args):
        before = s3._bucket_policies.get(name) or ""
        answer = change(name, *args)
        with SPREAD_LOCK:
            if SPREAD and answer[0] < 300:
                SPREADING[name] = (before, list(SPREAD))
        return answer
    return changed


s3._put_bucket_policy = spreading(s3._put_bucket_policy)
s3._delete_bucket_policy = spreading(s3._delete_bucket_policy)
plain_combine = iam_evaluator.combine_resource_policy


def combine_while_it_spreads(identity, context, policy, *args, **kwargs):
    bucket = context.resource_arn.split(":::")[-1].split("/")[0]
    if context.action in ("s3:PutObject", "s3:DeleteObject"):
        with SPREAD_LOCK:
            before, left = SPREADING.get(bucket, ("", []))
            if left and left.pop(0):
                policy = before
    return plain_combine(identity, context, policy, *args, **kwargs)


iam_evaluator.combine_resource_policy = combine_while_it_spreads

local_dispatch = eventbridge._dispatch_to_event_bus


def dispatch_across_regions(spec, event, rule, event_path, target_input_payload=None):
    here = eventbridge.get_region()
    if here in DARK or spec.region in DARK:
        eventbridge.logger.warning("sandbox: %s is dark, event not forwarded", spec)
        return
    eventbridge.set_request_region(spec.region)
    try:
        local_dispatch(spec, event, rule, event_path, target_input_payload)
    finally:
        eventbridge.set_request_region(here)


eventbridge._dispatch_to_event_bus = dispatch_across_regions


def authorize(request):
    """May this access key do the action on every resource? The first refusal answers."""
    with request_scope(ACCOUNT, request["region"]):
        return authorize_scoped(request)


def authorize_scoped(request):
    service = request["action"].split(":")[0]
    principal = iam_evaluator.resolve_principal(request["accessKeyId"], ACCOUNT)
    if isinstance(principal, iam_evaluator.AuthError):
        return {"allowed": False, "principal": "", "reason": principal.message, "code": principal.code}
    if principal.policies is None:
        return {"allowed": True, "principal": principal.arn}
    for resource in request["resources"]:
        context = iam_evaluator.EvalContext(
            principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account,
            action=request["action"], resource_arn=resource, region=request["region"],
            secure_transport=True,  # the gateway stands where AWS's TLS ends
            service_context={k.lower(): v for k, v in request.get("context", {}).items()},
            principal_keys=principal.keys)
        result = iam_evaluator.evaluate(context, principal.policies, *principal.limits)
        found = iam_evaluator._resource_policy(service, resource)
        if found is not None:
            result = iam_evaluator.combine_resource_policy(
                result, context, *found, required=service in iam_evaluator._POLICY_REQUIRED, limits=principal.limits)
        if result.decision != "Allow":
            return {"allowed": False, "principal": principal.arn, "resource": resource, "reason": result.decision}
    return {"allowed": True, "principal": principal.arn}


def principal_of(request):
    principal = iam_evaluator.resolve_principal(request["accessKeyId"], ACCOUNT)
    return {"principal": "" if isinstance(principal, iam_evaluator.AuthError) else principal.arn}


def put_events(request):
    with request_scope(ACCOUNT, request["region"]):
        eventbridge._put_events({"Entries": request["entries"]}, allow_aws_source=True)
    return {}


def play_lifecycle(request):
    with request_scope(ACCOUNT, request["region"]):
        return lifecycle.play(s3, request["bucket"], request["at"])


def set_dark(request):
    DARK.clear()
    DARK.update(request["regions"])
    return {}


def set_spread(request):
    with SPREAD_LOCK:
        SPREAD[:] = request["before"]
    return {}


ROUTES = {"authorize": authorize, "lifecycle": play_lifecycle, "principal": principal_of, "events": put_events, "dark": set_dark,
          "spread": set_spread,
          "ready": lambda _request: {}}


async def bridged(scope, receive, send):
    if scope["type"] != "http" or not scope["path"].startswith("/_bridge/"):
        return await ministack.app(scope, receive, send)
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    route = ROUTES.get(scope["path"].removeprefix("/_bridge/"))
    answer = await asyncio.to_thread(route, json.loads(body or b"{}")) if route else {"error": "no such route"}
    await send({"type": "http.response.start", "status": 200 if route else 404,
                "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def exit_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    beside("alarms").start()
    threading.Thread(target=exit_with_parent, daemon=True).start()
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    asyncio.run(serve(bridged, config))
