"""What S3 does by a bucket's lifecycle rules, on command: the emulator keeps them and never acts on them."""

import datetime
import math

DAY = 86_400


def tags_of(rule):
    wanted = rule.get("Filter", {})
    tags = wanted.get("And", {}).get("Tags", []) + ([wanted["Tag"]] if "Tag" in wanted else [])
    return {tag["Key"]: tag["Value"] for tag in tags}


def prefix_of(rule):
    wanted = rule.get("Filter", {})
    return wanted.get("Prefix") or wanted.get("And", {}).get("Prefix") or ""


def refusal(rules):
    """What AWS refuses and the emulator takes; undefined for rules that stand."""
    for rule in rules:
        expiration = rule.get("Expiration", {})
        marker = expiration.get("ExpiredObjectDeleteMarker")
        if marker and tags_of(rule):
            return "ExpiredObjectDeleteMarker cannot be specified with tags."
        if marker and ("Days" in expiration or "Date" in expiration):
            return "ExpiredObjectDeleteMarker cannot be specified with Days or Date."
        if "AbortIncompleteMultipartUpload" in rule and tags_of(rule):
            return "AbortIncompleteMultipartUpload cannot be specified with tags."
        if any(tag["Value"] == "" for tag in rule.get("Filter", {}).get("And", {}).get("Tags", [])):
            return "A tag of a filter needs its value."
    return None


def of_template(configuration):
    """The rules of an AWS::S3::Bucket, as S3 keeps them. Refuses what CloudFormation refuses."""
    rules = []
    for given in configuration.get("Rules", []):
        rule = {"ID": given.get("Id", ""), "Status": given["Status"], "Filter": {}}
        tags = given.get("TagFilters", [])
        if tags:
            rule["Filter"] = {"And": {"Prefix": given.get("Prefix", ""), "Tags": tags}}
        elif "Prefix" in given:
            rule["Filter"] = {"Prefix": given["Prefix"]}
        for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
            if name in given:
                rule[name] = {key: int(value) for key, value in given[name].items()}
        if not any(name in given for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")):
            raise ValueError("At least one of [ExpirationDate,ExpirationInDays,AbortIncompleteMultipartUpload,"
                             "NoncurrentVersionExpiration] needs to be specified")
        if given.get("ExpiredObjectDeleteMarker"):
            rule["Expiration"] = {"ExpiredObjectDeleteMarker": True}
        rules.append(rule)
    problem = refusal(rules)
    if problem:
        raise ValueError(problem)
    return rules


def seconds(iso):
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()


def is_due(since, days, now):
    """Days count from the successor's creation, to the midnight after."""
    return math.ceil((seconds(since) + days * DAY) / DAY) * DAY <= now


def noncurrent(s3, bucket, rule, now):
    days = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
    if days is None:
        return
    wanted = tags_of(rule)
    for (name, key), versions in list(s3._object_versions.items()):
        if name != bucket or not key.startswith(prefix_of(rule)):
            continue
        for version, successor in zip(versions, versions[1:]):
            held = s3._object_tags.get((bucket, key, version["version_id"]), {})
            if all(held.get(tag) == value for tag, value in wanted.items()):
                if is_due(successor["last_modified"], days, now):
                    yield key, version["version_id"]


def lonely_markers(s3, bucket, rule):
    if not rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker"):
        return
    for (name, key), versions in list(s3._object_versions.items()):
        if name == bucket and key.startswith(prefix_of(rule)) and len(versions) == 1:
            if versions[0].get("is_delete_marker"):
                yield key, versions[0]["version_id"]


def play(s3, bucket, at):
    """One night of S3's: what is due at this instant by the rules that stand goes. Answers keys and versions."""
    now = seconds(at)
    rules = [rule for rule in s3._bucket_lifecycle.get(bucket) or [] if rule["Status"] == "Enabled"]
    # Decided together, before anything goes: a marker whose versions go tonight goes tomorrow.
    due = [each for rule in rules for each in [*noncurrent(s3, bucket, rule, now), *lonely_markers(s3, bucket, rule)]]
    for key, version in due:
        s3._delete_object_version(s3._ensure_bucket(bucket), bucket, key, version)
    return [{"key": key, "version": version} for key, version in due]
