"""Rewrites a function into its coroutine form: a generator that yields to the scheduler where the function would block.

Each call `f(x)` of the function's own scope becomes `f'(x)`, where `f'` is the form of `f` that can be suspended, if it
has one. The same holds for `with`, `for` and comprehensions. Positions stay, so tracebacks name the same lines. Inner
functions and class bodies are left as they are.

The names that the new code uses begin with a dot, so they differ from all names of the function. `.support` is a
keyword-only argument; its value is given by `forms`.
"""

import ast
import copy

SUPPORT = ".support"
_VALUE = ".value"
# They look at the frame that calls them.
_NEED_OWN_FRAME = {"super", "locals", "globals", "vars", "dir", "eval", "exec"}
_NEVER_BLOCK = {"isinstance", "issubclass", "len", "range", "id", "type", "getattr", "hasattr", "int", "float", "print"}
_MAY_STOP = {"send", "throw", "__next__"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


class NotPossible(Exception):
    """The function has no coroutine form."""


def rewritten(node):
    """Returns the coroutine form of a `def` or `lambda` as a new node."""
    if _raises_stop_iteration(node):
        raise NotPossible
    new = copy.deepcopy(node)
    scope = _Scope(can_define=not isinstance(new, ast.Lambda))
    if isinstance(new, ast.Lambda):
        new.body = scope.visit(new.body)
    else:
        docstring, body = _split_docstring(new.body)
        body = scope.visit_all(body)
        new.body = [*docstring, *scope.functions, *body]
        new.decorator_list = []
    new.args.kwonlyargs.append(_at(ast.arg(SUPPORT), new.args.args[0] if new.args.args else node))
    new.args.kw_defaults.append(None)
    return new


def _raises_stop_iteration(node) -> bool:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and inner.exc is not None:
            raised = inner.exc.func if isinstance(inner.exc, ast.Call) else inner.exc
            if isinstance(raised, ast.Name) and raised.id == "StopIteration":
                return True
    return False


def _split_docstring(body):
    first = body[0]
    value = first.value if isinstance(first, ast.Expr) else None
    has_one = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return body[:has_one], body[has_one:]


class _Scope(ast.NodeTransformer):
    """Rewrites the statements and expressions of one function's scope."""

    def __init__(self, can_define: bool):
        self.can_define = can_define
        self.functions: list[ast.stmt] = []
        self._names = 0

    def visit_all(self, statements):
        result = []
        for statement in statements:
            new = self.visit(statement)
            result += new if isinstance(new, list) else [new]
        return result

    def visit_FunctionDef(self, node):
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        self._visit_defaults(node.args)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self._visit_defaults(node.args)
        return node

    def _visit_defaults(self, args):
        args.defaults = [self.visit(d) for d in args.defaults]
        args.kw_defaults = [d and self.visit(d) for d in args.kw_defaults]

    def visit_ClassDef(self, node):
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        if not getattr(node, "type_params", None):
            node.bases = [self.visit(b) for b in node.bases]
            node.keywords = [self.visit(k) for k in node.keywords]
        return node

    def visit_AnnAssign(self, node):
        node.value = node.value and self.visit(node.value)
        return node

    def visit_TypeAlias(self, node):
        return node

    def visit_Call(self, node):
        function = node.func
        self.generic_visit(node)
        if isinstance(function, ast.Name) and function.id in _NEED_OWN_FRAME | _NEVER_BLOCK:
            return node
        node.func = _at(_support_call("form", node.func), node.func)
        result = _run(node)
        may_stop = isinstance(function, ast.Name) and function.id == "next"
        may_stop |= isinstance(function, ast.Attribute) and function.attr in _MAY_STOP
        return _at(_support_call("given", result), node) if may_stop else result

    def visit_Yield(self, node):
        self.generic_visit(node)
        value = node.value or ast.Constant(None)
        return _at(ast.Yield(_support_call("Item", value)), node)

    def visit_YieldFrom(self, node):
        self.generic_visit(node)
        return _at(ast.YieldFrom(_support_call("delegate", node.value)), node)

    def visit_While(self, node):
        self.generic_visit(node)
        node.body.insert(0, _at(ast.Expr(ast.BoolOp(ast.And(), [_support_call("tick"), ast.Yield()])), node.test))
        return node

    def visit_For(self, node):
        target, item = node.target, self._new_name()
        self.generic_visit(node)
        node.iter = _at(_support_call("iterate", node.iter), node.iter)
        node.target = _at(_store(item), target)
        # The item is a coroutine where advancing the iterator can block.
        advance = ast.If(
            _is(_support_call("type", _load(item)), _support("Steps")),
            [
                ast.Assign([_store(item)], ast.YieldFrom(_load(item))),
                ast.If(_is(_support_call("type", _load(item)), _support("Ended")), [ast.Break()], []),
            ],
            [],
        )
        node.body[:0] = [_at(advance, node.iter), _at(ast.Assign([target], _load(item)), target)]
        return self._with_else(node, advance.body[1]) if node.orelse else node

    def _with_else(self, loop, at_end):
        """Returns the loop with its `else` behind it: leaving a blocking iterator at its end is not a `break`."""
        finished, otherwise = self._new_name(), loop.orelse
        start = _at(ast.Assign([_store(finished)], ast.Constant(False)), loop.iter)
        at_end.body.insert(0, _at(ast.Assign([_store(finished)], ast.Constant(True)), loop.iter))
        loop.orelse = [_at(ast.Assign([_store(finished)], ast.Constant(True)), loop.iter)]
        return [start, loop, _at(ast.If(_load(finished), otherwise, []), loop.iter)]

    def visit_With(self, node):
        body = self.visit_all(node.body)
        for item in reversed(node.items):
            body = self._with(item, body)
        return body

    def _with(self, item, body):
        """Rewrites one `with` as the language reference defines it, so that entering and leaving can block."""
        manager, leave, entered, failed = (self._new_name() for _ in range(4))
        start = item.context_expr
        call = lambda name, *names: _run(_at(_support_call(name, *map(_load, names)), start))  # noqa: E731
        if item.optional_vars is not None:
            target = self.visit(item.optional_vars)
            body = [_at(ast.Assign([target], _load(entered)), target), *body]
        on_error = [
            ast.Assign([_store(failed)], ast.Constant(True)),
            ast.If(ast.UnaryOp(ast.Not(), call("leave_failed", leave)), [ast.Raise()], []),
        ]
        at_end = ast.If(ast.UnaryOp(ast.Not(), _load(failed)), [ast.Expr(call("leave", leave))], [])
        attempt = ast.Try(body, [ast.ExceptHandler(None, None, on_error)], [], [])
        statements = [
            ast.Assign([_store(manager)], self.visit(start)),
            ast.Assign([_store(leave)], _support_call("leaving", _load(manager))),
            ast.Assign([_store(entered)], call("enter", manager)),
            ast.Assign([_store(failed)], ast.Constant(False)),
            ast.Try([attempt], [], [], [at_end]),
        ]
        return [_at(statement, start) for statement in statements]

    def visit_ListComp(self, node):
        return self._comprehension(node)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _comprehension(self, node):
        """Makes a comprehension a function of its own, defined at the start of this one."""
        parts = list(ast.walk(node))
        first = self.visit(node.generators[0].iter)
        node.generators[0].iter = first
        if any(_binds_outside_or_awaits(part) for part in parts) or not any(isinstance(p, ast.Call) for p in parts):
            return node
        if not self.can_define:
            return self._comprehension_of_lambdas(node, first) if _has_plain_target(node) else node
        name, source, result = self._new_name(), ".0", ".result"
        node.generators[0].iter = _at(_load(source), first)
        body = [_at(_add(node, result), node)]
        for part in reversed(node.generators):
            for test in reversed(part.ifs):
                body = [_at(ast.If(test, body, []), test)]
            body = [_at(ast.For(part.target, part.iter, body, []), part.iter)]
        inner = _Scope(can_define=True)
        body = inner.visit_all(body)
        empty = {ast.ListComp: ast.List([], ast.Load()), ast.DictComp: ast.Dict([], [])}
        start = ast.Assign([_store(result)], empty.get(type(node)) or ast.Call(_support("set"), [], []))
        # The `yield` makes it a generator even if nothing in it can be suspended.
        never = ast.If(ast.Constant(False), [ast.Expr(ast.Yield())], [])
        arguments = ast.arguments([], [ast.arg(source)], None, [], [], None, [])
        statements = [*inner.functions, start, never, *body, ast.Return(_load(result))]
        function = ast.FunctionDef(name, arguments, statements, [])
        if "type_params" in function._fields:
            function.type_params = []
        self.functions.append(_at(function, node))
        if isinstance(node, ast.GeneratorExp):
            first = _at(_support_call("iterator", first), first)
            return _at(_support_call("generator", ast.Call(_load(name), [first], [])), node)
        return _at(ast.YieldFrom(ast.Call(_load(name), [first], [])), node)

    def _comprehension_of_lambdas(self, node, first):
        """Rewrites `[f(x) for x in xs if p(x)]` where no function can be defined: f and p become lambdas."""
        part = node.generators[0]
        names = [part.target] if isinstance(part.target, ast.Name) else part.target.elts
        made = ast.Tuple([node.key, node.value], ast.Load()) if isinstance(node, ast.DictComp) else node.elt
        test = ast.BoolOp(ast.And(), part.ifs) if len(part.ifs) > 1 else part.ifs[0] if part.ifs else ast.Constant(True)
        functions = []
        for body in (test, made):
            # The `yield` makes it a generator even if nothing in it can be suspended.
            steps = ast.IfExp(ast.Constant(True), self.visit(body), ast.Yield())
            arguments = ast.arguments([], [ast.arg(name.id) for name in names], None, [], [], None, [])
            functions.append(ast.Lambda(arguments, steps))
        is_single = ast.Constant(isinstance(part.target, ast.Name))
        items = _support_call("generator", _support_call("each", first, is_single, *functions))
        if isinstance(node, ast.GeneratorExp):
            return _at(items, node)
        collected = ast.YieldFrom(_support_call("collect_steps", items))
        kinds = {ast.SetComp: "set", ast.DictComp: "dict"}
        return _at(_support_call(kinds[type(node)], collected) if type(node) in kinds else collected, node)

    def _new_name(self) -> str:
        self._names += 1
        return f".{self._names}"


def _has_plain_target(node) -> bool:
    target = node.generators[0].target
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    return len(node.generators) == 1 and all(isinstance(name, ast.Name) for name in names)


def _binds_outside_or_awaits(part) -> bool:
    return isinstance(part, (ast.NamedExpr, ast.Await)) or getattr(part, "is_async", 0) == 1


def _add(node, result: str):
    """Returns the statement that adds one item of a comprehension."""
    if isinstance(node, ast.DictComp):
        return ast.Assign([ast.Subscript(_load(result), node.key, ast.Store())], node.value)
    if isinstance(node, ast.GeneratorExp):
        return ast.Expr(ast.Yield(node.elt))
    method = "append" if isinstance(node, ast.ListComp) else "add"
    return ast.Expr(ast.Call(ast.Attribute(_load(result), method, ast.Load()), [node.elt], []))


def _run(call):
    """Returns `yield from value` if the call's value is a coroutine, else the value."""
    kept = ast.NamedExpr(_store(_VALUE), call)
    test = _is(_support_call("type", kept), _support("Steps"))
    return _at(ast.IfExp(test, ast.YieldFrom(_load(_VALUE)), _load(_VALUE)), call)


def _is(left, right):
    return ast.Compare(left, [ast.Is()], [right])


def _support(name: str):
    return ast.Attribute(_load(SUPPORT), name, ast.Load())


def _support_call(name: str, *arguments):
    return ast.Call(_support(name), list(arguments), [])


def _load(name: str):
    return ast.Name(name, ast.Load())


def _store(name: str):
    return ast.Name(name, ast.Store())


def _at(node, place):
    """Gives the position of `place` to the node and to all new nodes in it."""
    for inner in _without_position(node):
        inner.lineno, inner.col_offset = place.lineno, place.col_offset
        inner.end_lineno, inner.end_col_offset = place.end_lineno, place.end_col_offset
    return node


def _without_position(node):
    """Yields the nodes that need a position and have none. Looks below these nodes only."""
    if not hasattr(node, "lineno"):
        if "lineno" in node._attributes:
            yield node
        for child in ast.iter_child_nodes(node):
            yield from _without_position(child)
