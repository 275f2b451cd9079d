"""What is known of builtins and libraries: which calls change nothing, and what they return."""

PURE_FUNCTIONS = frozenset(
    {
        "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "complex", "dict",
        "divmod", "enumerate", "filter", "float", "format", "frozenset", "getattr", "hasattr",
        "hash", "hex", "id", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max",
        "min", "oct", "open", "ord", "pow", "print", "range", "repr", "reversed", "round", "set",
        "slice", "sorted", "str", "sum", "tuple", "type", "zip",
    }
)  # fmt: skip

#: Pure functions whose result holds nothing of their arguments.
PLAIN_RESULT = frozenset(
    {
        "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "complex",
        "divmod", "float", "format", "hash", "hex", "id", "int", "isinstance", "issubclass", "len",
        "oct", "open", "ord", "pow", "print", "range", "repr", "round", "slice", "str", "type",
    }
)  # fmt: skip

#: Pure functions that return an element of their argument, or a part of it.
PICKS = frozenset({"getattr", "max", "min", "next"})

PURE_MODULES = frozenset({"json", "math", "cmath", "statistics", "pprint", "textwrap", "html"})
PURE_LIBRARY = frozenset({"copy.copy", "copy.deepcopy", "pickle.dumps", "hashlib.sha256"})
ARRAY_MODULES = frozenset({"numpy", "pandas"})
ARRAY_CHANGES = frozenset(
    {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask", "shuffle", "at"}
)

#: Functions of numpy and pandas whose result may share its memory with their arguments.
ARRAY_VIEWS = frozenset(
    {
        "array_split", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray",
        "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "diagonal",
        "dsplit", "expand_dims", "flip", "fliplr", "flipud", "frombuffer", "hsplit", "imag",
        "matrix", "moveaxis", "ravel", "real", "require", "reshape", "rollaxis", "rot90", "split",
        "squeeze", "swapaxes", "transpose", "vsplit", "DataFrame", "Series", "Index",
    }
)  # fmt: skip

#: Attributes of arrays that are plain numbers or tuples of them.
PLAIN_ATTRIBUTES = frozenset({"dtype", "itemsize", "nbytes", "ndim", "shape", "size"})

#: Methods that change nothing, on the built-in types and on arrays and frames.
PURE_METHODS = frozenset(
    {
        "capitalize", "casefold", "center", "copy", "count", "decode", "difference", "encode",
        "endswith", "expandtabs", "find", "format", "get", "index", "intersection", "isalnum",
        "isalpha", "isascii", "isdecimal", "isdigit", "isdisjoint", "isidentifier", "islower",
        "isprintable", "istitle", "isnumeric", "isspace", "issubset", "issuperset", "isupper",
        "items", "join", "keys", "ljust", "lower", "lstrip", "removeprefix", "removesuffix",
        "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split",
        "splitlines", "startswith", "strip", "swapcase", "symmetric_difference", "title",
        "translate", "union", "upper", "values", "zfill", "most_common", "isoformat", "strftime",
        "total_seconds", "date", "as_integer_ratio", "is_integer", "all", "any", "argmax",
        "argmin", "astype", "describe", "dot", "drop", "drop_duplicates", "dropna", "fillna",
        "groupby", "head", "isin", "isna", "max", "mean", "median", "merge", "min", "notna",
        "nunique", "prod", "quantile", "rename", "reset_index", "round", "set_index",
        "sort_values", "std", "sum", "tail", "to_csv", "to_dict", "to_json", "to_list",
        "to_numpy", "tolist", "unique", "value_counts", "var", "agg", "isnull", "notnull",
        "nlargest", "nsmallest", "corr", "transpose", "reshape", "flatten", "ravel", "to_string",
    }
)  # fmt: skip

#: Pure methods whose result holds nothing of the object.
PLAIN_METHODS = frozenset(
    {
        "all", "any", "argmax", "argmin", "capitalize", "casefold", "count", "decode", "encode",
        "endswith", "find", "format", "index", "isalnum", "isalpha", "isdigit", "isdisjoint",
        "islower", "isnumeric", "isspace", "issubset", "issuperset", "isupper", "join", "ljust",
        "lower", "lstrip", "rfind", "rjust", "rstrip", "startswith", "strip", "swapcase", "title",
        "upper", "zfill", "isoformat", "strftime", "total_seconds", "mean", "median", "std",
        "var", "nunique", "to_csv", "to_json", "tolist", "to_list", "split", "rsplit",
        "splitlines", "to_string",
    }
)  # fmt: skip

#: Methods that change a container but leave its elements, and the arguments, as they are.
CONTAINER_METHODS = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop",
        "popitem", "popleft", "remove", "reverse", "setdefault", "sort", "update",
    }
)  # fmt: skip
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})

MAKES_ITERATORS = frozenset(
    {
        "accumulate", "batched", "chain", "combinations", "compress", "count", "cycle",
        "dropwhile", "enumerate", "filter", "groupby", "islice", "iter", "map", "pairwise",
        "permutations", "product", "reader", "DictReader", "repeat", "reversed", "starmap",
        "takewhile", "tee", "zip", "zip_longest",
    }
)  # fmt: skip

#: Functions that call a function they are given, and the place of that argument.
CALLS_BACK = {"filter": 0, "map": 0, "sorted": "key", "max": "key", "min": "key", "iter": 0}

#: Protocol methods that run without a call: an object whose class changes itself in one of them
#: may be changed by any use.
CALLED_ANYWAY = frozenset(
    {
        "__init__", "__new__", "__post_init__", "__setattr__", "__setitem__", "__delitem__",
        "__delattr__", "__enter__", "__exit__", "__call__", "__set_name__", "__init_subclass__",
        "__setstate__", "__iadd__",
    }
)  # fmt: skip
