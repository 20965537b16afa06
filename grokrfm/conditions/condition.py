"""Condition on the rows of a table: parsed and evaluated, and never run as a program."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.conditions.operations import EXAMPLE, OF_ANY, OF_TEXT, OPERATIONS, Value, truth

Part = Callable[[Sequence[Value]], Value]
"""Part of a condition, evaluated for the values of one row."""

LONGEST, DEEPEST, MOST_TEXTS = 20_000, 100, 1000

# A text in quotes, left unchanged; a name with dots, perhaps in backticks; an operator of pandas.
PARTS = re.compile(
    r"(?P<text>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
    r"|`(?P<quoted>[^`]*)`(?P<method>(?:\.\w+)*)"
    r"|(?P<name>(?<![\w.)\]])[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"|(?P<operator>&&?|\|\|?|~)"
)
WORDS = {"and", "or", "not", "in", "True", "False", "None"}
OPERATORS = {"&": " and ", "|": " or ", "~": " not "}
METHOD = re.compile(rf"(?P<name>.+)\.(?P<method>{'|'.join([*OF_ANY, *OF_TEXT])})")


class ConditionError(GrokrfmError):
    """Condition that is malformed, names unknown columns, or compares a text with a number."""


class Condition:
    """Comparisons, and, or, not, in a list, arithmetic, numbers, texts, columns, their methods.

    A missing value equals no other, is neither smaller nor larger than any, and whatever is
    computed with it is missing.

    Parameters
    ----------
    text : str   such as "split.train_to_test <= 20 and seed < 5"; names with other characters than
                 letters, digits, _ and dots are in `backticks`

    Attributes
    ----------
    columns      the names in it

    Raises
    ------
    ConditionError   if the text is no condition
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.columns: list[str] = []
        self._names: list[str] = []
        if len(text) > LONGEST:
            raise self._error(f"is longer than {LONGEST} characters")
        try:
            with warnings.catch_warnings(action="ignore"):  # of escapes such as '\d'
                tree = ast.parse(PARTS.sub(self._placeholder, text).strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise self._unreadable() from error
        if _depth(tree) > DEEPEST:
            raise self._error(f"is nested more than {DEEPEST} deep")
        self._part = self._read(tree)
        if not self.columns:
            raise self._unreadable()

    def holds(
        self, table: Mapping[str, Sequence[Value]], unknown: str = "no column {!r} in these runs"
    ) -> list[bool]:
        """Return True for every row that meets the condition.

        Parameters
        ----------
        table     name → its values; only the values of `columns` are needed
        unknown   the problem with a name that the table lacks, {} in its place

        Raises
        ------
        ConditionError   if a name is unknown, or values cannot be compared or computed with
        """
        for name in self.columns:
            if name not in table:
                raise self._error(f"{unknown.format(name)}; {self._hint(name, table)}")
        rows = zip(*(table[name] for name in self.columns), strict=True)
        try:
            return [truth(self._part(row)) for row in rows]
        except TypeError as error:
            raise self._error(str(error)) from error

    def _error(self, problem: str) -> ConditionError:
        return ConditionError(f"condition {self.text!r:.200}: {problem}")

    def _unreadable(self) -> ConditionError:
        return self._error(f"cannot be read; {EXAMPLE}")

    def _hint(self, name: str, table: Mapping[str, Sequence[Value]]) -> str:
        """Return the text that lost its quotes in the shell, else the nearest name."""
        known = [table[column] for column in self.columns if column in table]
        texts = {value for values in known for value in values if isinstance(value, str)}
        few = texts if len(texts) <= MOST_TEXTS else texts & {name}
        if close := get_close_matches(name, few, n=1):
            return _quoted(close[0])
        return nearest(name, table)

    def _placeholder(self, part: re.Match[str]) -> str:
        """Return a part as Python's parser gets it; a name as its number."""
        if part["operator"]:
            return OPERATORS[part["operator"][0]]
        if part["text"] is not None or part["name"] in WORDS:
            return part[0]
        self._names.append(part["name"] or part["quoted"] + part["method"])
        return f"_{len(self._names) - 1}"

    def _name(self, place: str) -> str:
        number = place.removeprefix("_")
        if not number.isdecimal() or int(number) >= len(self._names):
            raise self._unreadable()
        return self._names[int(number)]

    def _column(self, name: str) -> Part:
        if name not in self.columns:
            self.columns.append(name)
        return operator.itemgetter(self.columns.index(name))

    def _read(self, node: ast.expr) -> Part:
        """Return the part that a node describes; only what is listed here exists."""
        match node:
            case ast.Constant(value=str() | int() | float() | None as value):
                return lambda row: value
            case ast.Name(id=place):
                return self._column(self._name(place))
            case ast.Call(func=ast.Name(id=place), args=arguments, keywords=[]):
                return self._method(self._name(place), arguments)
            case ast.BoolOp(op=ast.And(), values=values):
                parts = list(map(self._read, values))
                return lambda row: all(truth(part(row)) for part in parts)
            case ast.BoolOp(op=ast.Or(), values=values):
                parts = list(map(self._read, values))
                return lambda row: any(truth(part(row)) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                part = self._read(operand)
                return lambda row: not truth(part(row))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._operation(ast.Constant(0), ast.Sub(), operand)
            case ast.BinOp(left=left, op=kind, right=right):
                return self._operation(left, kind, right)
            case ast.Compare(left=left, ops=kinds, comparators=others):
                sides = zip([left, *others[:-1]], kinds, others, strict=True)
                links = [self._operation(*side) for side in sides]
                return lambda row: all(link(row) for link in links)
        raise self._unreadable()

    def _operation(self, left: ast.expr, kind: ast.AST, right: ast.expr) -> Part:
        first = self._read(left)
        if isinstance(kind, ast.In | ast.NotIn):
            listed, wanted = self._listed(right), isinstance(kind, ast.In)
            return lambda row: (first(row) in listed) is wanted
        if isinstance(kind, ast.Pow) and not _is_number(right):
            raise self._error("an exponent must be written as a number")
        if type(kind) not in OPERATIONS:
            raise self._unreadable()
        operation, second = OPERATIONS[type(kind)], self._read(right)
        return lambda row: operation(first(row), second(row))

    def _listed(self, node: ast.expr) -> tuple[Value, ...]:
        """Return the values of a list."""
        elements = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
        for element in elements:
            if isinstance(element, ast.Name):
                raise self._error(_quoted(self._name(element.id)))
        if not elements or not all(isinstance(e, ast.Constant) or _is_number(e) for e in elements):
            raise self._error("in needs a list of numbers or of texts in quotes, as in ['a', 'b']")
        return tuple(self._read(element)(()) for element in elements)

    def _method(self, written: str, arguments: Sequence[ast.expr]) -> Part:
        found = METHOD.fullmatch(written)
        name, method = (found["name"], found["method"]) if found else ("", "")
        match arguments:
            case [] if method in OF_ANY:
                column, holds = self._column(name), OF_ANY[method]
                return lambda row: holds(column(row))
            case [ast.Constant(value=str() as text)] if method in OF_TEXT:
                column, compares = self._column(name), OF_TEXT[method]
                return lambda row: compares(column(row), text)
        known = [f".{m}()" for m in OF_ANY] + [f".{m}('text')" for m in OF_TEXT]
        raise self._error(f"no method {written!r} of this form; known are {', '.join(known)}")


def _depth(tree: ast.expr) -> int:
    nodes: list[ast.AST] = [tree]
    depth = 0
    while nodes:
        nodes = [child for node in nodes for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _quoted(text: str) -> str:
    return f"a text needs quotes, did you mean {text!r}?"
