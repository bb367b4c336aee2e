#!/usr/bin/env python3
"""Checks JSON files against a JSON Schema. Usage: schema_check.py SCHEMA FILE...

A small validator for the draft 2020-12 keywords that docs/results.schema.json uses, in the standard library
only. A keyword that it does not know is an error, so that nothing in a schema is silently ignored.
"""
import json
import math
import re
import sys

ANNOTATIONS = {"$schema", "$defs", "title", "description"}


class SchemaError(Exception):
    pass


def is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": is_number,
    "integer": lambda v: is_number(v) and float(v).is_integer(),
}


def show(value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def same(a, b) -> bool:
    """Equality of JSON values: unlike in Python, true is not 1."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


class Validator:
    """Every check yields (path, message) for each violation."""

    def __init__(self, schema):
        self.root = schema

    def resolve(self, reference):
        if not reference.startswith("#/"):
            raise SchemaError(f'$ref "{reference}" leaves the schema')
        node = self.root
        for part in reference[2:].split("/"):
            if part not in node:
                raise SchemaError(f'$ref "{reference}" leads nowhere')
            node = node[part]
        return node

    def errors(self, value, schema, path="$"):
        if schema is True:
            return
        if schema is False:
            yield path, "nothing is allowed here"
            return
        for keyword, rule in schema.items():
            if keyword in ANNOTATIONS:
                continue
            check = getattr(self, "check_" + keyword.lstrip("$"), None)
            if check is None:
                raise SchemaError(f'keyword "{keyword}" is not supported')
            yield from check(value, rule, schema, path)

    def check_ref(self, value, rule, schema, path):
        yield from self.errors(value, self.resolve(rule), path)

    def check_type(self, value, rule, schema, path):
        names = [rule] if isinstance(rule, str) else rule
        if not any(TYPES[name](value) for name in names):
            yield path, f"expected {' or '.join(names)}, found {show(value)}"

    def check_const(self, value, rule, schema, path):
        if not same(value, rule):
            yield path, f"expected {show(rule)}, found {show(value)}"

    def check_enum(self, value, rule, schema, path):
        if not any(same(value, option) for option in rule):
            yield path, f"expected one of {', '.join(map(show, rule))}, found {show(value)}"

    def check_minimum(self, value, rule, schema, path):
        if is_number(value) and value < rule:
            yield path, f"expected at least {rule}, found {show(value)}"

    def check_maximum(self, value, rule, schema, path):
        if is_number(value) and value > rule:
            yield path, f"expected at most {rule}, found {show(value)}"

    def check_pattern(self, value, rule, schema, path):
        if isinstance(value, str) and not re.search(rule, value):
            yield path, f"expected a match of {rule}, found {show(value)}"

    def check_required(self, value, rule, schema, path):
        if isinstance(value, dict):
            yield from ((path, f'key "{key}" is missing') for key in rule if key not in value)

    def check_dependentRequired(self, value, rule, schema, path):
        if isinstance(value, dict):
            for key in rule.keys() & value.keys():
                for other in rule[key]:
                    if other not in value:
                        yield path, f'key "{other}" is missing beside "{key}"'

    def check_properties(self, value, rule, schema, path):
        if isinstance(value, dict):
            for key, item in value.items():
                if key in rule:
                    yield from self.errors(item, rule[key], f"{path}.{key}")

    def check_additionalProperties(self, value, rule, schema, path):
        if isinstance(value, dict):
            for key, item in value.items():
                if key in schema.get("properties", {}):
                    continue
                if rule is False:
                    yield path, f'key "{key}" is not known'
                else:
                    yield from self.errors(item, rule, f"{path}.{key}")

    def check_items(self, value, rule, schema, path):
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.errors(item, rule, f"{path}[{i}]")

    def check_minItems(self, value, rule, schema, path):
        if isinstance(value, list) and len(value) < rule:
            yield path, f"expected at least {rule} items, found {len(value)}"

    def check_maxItems(self, value, rule, schema, path):
        if isinstance(value, list) and len(value) > rule:
            yield path, f"expected at most {rule} items, found {len(value)}"

    def check_anyOf(self, value, rule, schema, path):
        found = [list(self.errors(value, option, path)) for option in rule]
        if all(found):
            # The alternative that was meant is the one with the fewest complaints.
            yield from min(found, key=len)

    def check_oneOf(self, value, rule, schema, path):
        found = [list(self.errors(value, option, path)) for option in rule]
        fitting = sum(not errors for errors in found)
        if fitting == 0:
            yield from min(found, key=len)
        elif fitting > 1:
            yield path, f"fits {fitting} alternatives, not one"


def strict_object(pairs):
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f'key "{key}" occurs twice')
    return dict(pairs)


def reject_constant(text):
    raise ValueError(f"{text} is not JSON")


def parse_float(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def load(file):
    with open(file, encoding="utf-8") as stream:
        return json.load(stream, object_pairs_hook=strict_object, parse_constant=reject_constant,
                         parse_float=parse_float)


def check(schema, file) -> list:
    try:
        document = load(file)
    except (OSError, ValueError) as error:
        return [f"{file}: {error}"]
    return [f"{file}: {path}: {message}" for path, message in Validator(schema).errors(document, schema)]


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        schema = load(sys.argv[1])
        found = [line for file in sys.argv[2:] for line in check(schema, file)]
    except (OSError, ValueError, SchemaError) as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return 2
    print("\n".join(found) or f"{len(sys.argv) - 2} file(s) fit the schema")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
