"""The documents of a Sigma file, taken apart by pySigma: rules, correlations, filters.

Nothing here reaches the network: the parts of pySigma that fetch ATT&CK data or call `requests`
are never imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Self

from rtml.errors import RtmlError
from rtml.reading.user_yaml import YamlError, yaml_documents
from rtml.rules.language.contract import Skipped

try:
    from sigma.collection import SigmaCollection
    from sigma.correlations import SigmaCorrelationRule
    from sigma.filters import SigmaFilter
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine
except ModuleNotFoundError as error:
    raise RtmlError("Sigma rules need pySigma; install it with: pip install 'rtml[sigma]'") from error

__all__ = ["Documents", "Outer", "documents", "one_line"]

COMPARISONS = ("gt", "gte", "lt", "lte", "eq", "neq")


class _QuietEngine(RE2RegexEngine):
    """RE2, which cannot blow up, without its own error log on stderr."""

    def compile(self, pattern: str, flags: int = 0) -> Any:
        options = self._re2.Options()
        options.log_errors = False
        inline = "".join(name for flag, name in _INLINE.items() if flags & flag)
        return self._re2.compile(f"(?{inline}){pattern}" if inline else pattern, options)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Stay the same where pySigma copies: a module cannot be copied."""
        return self


_INLINE = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}
_POLICY = SigmaPolicy(regex_engine=_QuietEngine())


@dataclass(frozen=True)
class Outer:
    """A correlation or a filter: what pySigma made of it, or ``fault``, and the names of its rules.

    ``rules`` is None where a filter means any rule. ``comparisons`` are those of a correlation's
    condition, of which pySigma takes one only and the specification several (a range); ``percentile`` as
    it stands there, for pySigma cuts its decimals off.
    """

    title: str
    file: str
    rules: tuple[str, ...] | None
    names: tuple[str, ...] = ()
    generate: bool = False
    comparisons: dict[str, Any] = field(default_factory=dict)
    percentile: Any = None
    parsed: Any = None
    fault: str = ""


@dataclass(frozen=True)
class Documents:
    """What one file holds; ``rules`` are pySigma's."""

    file: str
    rules: tuple[Any, ...] = ()
    correlations: tuple[Outer, ...] = ()
    filters: tuple[Outer, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def documents(text: str, file: str) -> Documents:
    """Take a Sigma file apart; what stands before a mistake in its YAML is kept."""
    found, broken = _read(text, file)
    known = [one for one in found if isinstance(one, dict)]
    rules, skipped = _rules([one for one in known if not _outer_key(one)], file)
    correlations = tuple(_correlation(one, file) for one in known if _outer_key(one) == "correlation")
    filters = tuple(_filter(one, file) for one in known if _outer_key(one) == "filter")
    skipped += [Skipped(file, "a document that is no mapping is no Sigma rule")] * (len(found) - len(known))
    skipped += broken
    if not (rules or correlations or filters or skipped):
        skipped = [Skipped(file, "no Sigma rule in this file")]
    return Documents(file, tuple(rules), correlations, filters, tuple(skipped))


def _read(text: str, file: str) -> tuple[list[Any], list[Skipped]]:
    """Read the documents of a file: those before the first mistake, and the mistake."""
    found: list[Any] = []
    try:
        for document in yaml_documents(text, file, texts_only=False):
            found += [] if document is None else [document]
    except YamlError as error:
        return found, [Skipped(file, f"line {error.line}: {error.reason[:300]}")]
    return found, []


def _rules(plain: list[dict[str, Any]], file: str) -> tuple[list[Any], list[Skipped]]:
    try:
        collection = SigmaCollection.from_dicts(
            plain, collect_errors=True, resolve_references=False, policy=_POLICY
        )
    except Exception as error:
        return [], [Skipped(file, one_line(error))]
    return collection.rules, []


def one_line(error: Exception) -> str:
    """Return a fault of pySigma's as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _outer_key(document: dict[str, Any]) -> str | None:
    if "action" in document:
        return None
    return next((key for key in ("correlation", "filter") if key in document), None)


def _correlation(document: dict[str, Any], file: str) -> Outer:
    inner = document["correlation"] if isinstance(document["correlation"], dict) else {}
    condition = inner.get("condition")
    comparisons = {}
    if isinstance(condition, dict):
        comparisons = {name: condition[name] for name in COMPARISONS if name in condition}
        extra = [name for name in comparisons if name != next(iter(comparisons))]
        kept = {name: value for name, value in condition.items() if name not in extra}
        document = {**document, "correlation": {**inner, "condition": kept}}
    rules = _references(inner.get("rules"))
    if isinstance(condition, str):
        # The specification writes AND, pySigma reads and.
        lower = re.sub(r"\b(AND|OR|NOT)\b", lambda word: word[0].lower(), condition)
        document = {**document, "correlation": {**inner, "condition": lower}}
        words = (word.lower() for word in re.findall(r"\w+", lower) if word not in ("and", "or", "not"))
        rules = rules or tuple(dict.fromkeys(words))
    parsed, fault = _parsed(SigmaCorrelationRule, document)
    return Outer(
        title=f"correlation {str(document.get('title'))!r}",
        file=file,
        rules=rules,
        names=_names(document),
        generate=inner.get("generate") is True,
        comparisons=comparisons,
        percentile=condition.get("percentile") if isinstance(condition, dict) else None,
        parsed=parsed,
        fault=fault,
    )


def _filter(document: dict[str, Any], file: str) -> Outer:
    inner = document["filter"] if isinstance(document["filter"], dict) else {}
    wanted = inner.get("rules")
    any_rule = wanted == [] or (isinstance(wanted, str) and wanted.lower() == "any")
    parsed, fault = _parsed(SigmaFilter, document)
    title = f"filter {str(document.get('title'))!r}"
    return Outer(title, file, None if any_rule else _references(wanted), parsed=parsed, fault=fault)


def _parsed(kind: Any, document: dict[str, Any]) -> tuple[Any, str]:
    # pySigma looks at one document as at several: only filters take a policy.
    policy = {"policy": _POLICY} if kind is SigmaFilter else {}
    try:
        parsed = kind.from_dict(document, collect_errors=True, **policy)
    except Exception as error:
        return None, one_line(error)
    return parsed, one_line(parsed.errors[0]) if parsed.errors else ""


def _references(rules: Any) -> tuple[str, ...]:
    rules = [rules] if isinstance(rules, str) else rules
    return tuple(str(rule).lower() for rule in rules) if isinstance(rules, list) else ()


def _names(document: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(document[key]).lower() for key in ("name", "id") if document.get(key) is not None)
