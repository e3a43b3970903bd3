"""The C data types of `ctypes` in memory of their own. There are no libraries, functions or addresses of C here.

Works: the simple types, arrays, structures and unions without bit fields, pointers to objects that Python holds, and
reading and writing their bytes. Sizes are those of this 32-bit interpreter.
"""

import struct

from .calls import note, refusal, refused

_INTEGERS, _FLOATS = "bBhHiIlLqQ", "fdg"
# Their value is a Python object, which their bytes do not show.
_REFERENCES = "OPzZ"
_CODES = {"g": "d", "u": "i", "v": "h", **{code: "P" for code in _REFERENCES}}


def ctypes(names):
    names |= {
        "__version__": "1.1.0",
        "RTLD_LOCAL": 0,
        "RTLD_GLOBAL": 256,
        "SIZEOF_TIME_T": 8,
        "CTYPES_MAX_ARGCOUNT": 1024,
        "FUNCFLAG_CDECL": 1,
        "FUNCFLAG_PYTHONAPI": 4,
        "FUNCFLAG_USE_ERRNO": 8,
        "FUNCFLAG_USE_LASTERROR": 16,
        "ArgumentError": type("ArgumentError", (Exception,), {"__module__": "ctypes"}),
        "_SimpleCData": Simple,
        "Structure": Structure,
        "Union": Union,
        "Array": Array,
        "_Pointer": Pointer,
        "CFuncPtr": Function,
        "CField": Field,
        "dlopen": _dlopen,
        "dlsym": refused("ctypes.dlsym"),
        "dlclose": refused("ctypes.dlclose"),
        "sizeof": _sizeof,
        "alignment": lambda obj, /: obj._align,
        "byref": lambda obj, offset=0, /: Reference(obj),
        "addressof": lambda obj, /: Address(obj),
        "resize": refused("ctypes.resize"),
        "call_function": refused("ctypes.call_function"),
        "pointer": lambda obj, /: _pointer_to(type(obj))(obj),
        "POINTER": lambda cls, /: _pointer_to(cls),
        "_pointer_type_cache": {},
        "get_errno": lambda: 0,
        "set_errno": lambda value, /: 0,
        "_memmove_addr": _memmove,
        "_memset_addr": _memset,
        "_string_at_addr": _string_at,
        "_cast_addr": _cast,
        "_wstring_at_addr": refused("ctypes.wstring_at"),
        "_memoryview_at_addr": refused("ctypes.memoryview_at"),
    }


class Address(int):
    """The address of an object, which only the functions below can follow."""

    def __new__(cls, target):
        made = super().__new__(cls, id(target))
        made.target = target
        return made


def _view_of(place, name):
    """Returns the bytes that an object, an address or a pointer stands for."""
    if isinstance(place, (Address, Reference)):
        place = place.target
    elif isinstance(place, Pointer):
        place = place.contents
    if isinstance(place, (bytes, bytearray)):
        return memoryview(place)
    if isinstance(place, Data):
        return place._view
    raise refusal(f"ctypes.{name} of an address")


def _memmove(target, source, count):
    _view_of(target, "memmove")[:count] = bytes(_view_of(source, "memmove")[:count])
    return target


def _memset(target, byte, count):
    _view_of(target, "memset")[:count] = bytes([byte & 255]) * count
    return target


def _string_at(place, size=-1):
    content = bytes(_view_of(place, "string_at"))
    return content.partition(b"\0")[0] if size < 0 else content[:size]


def _cast(obj, _, kind):
    if not issubclass(kind, Pointer):
        raise refusal("ctypes.cast to this type")
    made = kind()
    made.contents = kind._type_._at(_view_of(obj, "cast")[: kind._type_._size])
    return made


def _dlopen(name, flags=0, /):
    if name is None:
        return 0
    note("ctypes.CDLL")
    raise OSError(f"{name}: cannot open shared object file: there are no libraries in the test sandbox")


def _sizeof(obj, /):
    if not isinstance(obj, Data) and not (isinstance(obj, type) and issubclass(obj, Data)):
        raise TypeError("this type has no size")
    return obj._size


class Kind(type):
    """The type of every data type. `T * 3` is an array type."""

    def __mul__(cls, length):
        if length < 0:
            raise ValueError(f"Array length must be >= 0, not {length}")
        key = (cls, length)
        if key not in _arrays:
            _arrays[key] = Kind(f"{cls.__name__}_Array_{length}", (Array,), {"_type_": cls, "_length_": length})
        return _arrays[key]

    __rmul__ = __mul__

    def __init__(cls, name, bases, members, **options):
        super().__init__(name, bases, members)
        if issubclass_of(cls, "Simple"):
            cls._prepare_simple(members)
        elif issubclass_of(cls, "Array") and "_type_" in members:
            cls._size, cls._align = cls._type_._size * cls._length_, cls._type_._align
        elif issubclass_of(cls, "Pointer") and members.get("_type_") is not None:
            cls._type_.__pointer_type__ = cls
        elif "_fields_" in members:
            # As an assignment: a type of the other byte order changes what is assigned.
            cls._fields_ = members["_fields_"]

    @property
    def __pointer_type__(cls):
        if "_pointer_type" not in vars(cls):
            raise AttributeError(f"type '{cls.__name__}' has no attribute '__pointer_type__'")
        return vars(cls)["_pointer_type"]

    @__pointer_type__.setter
    def __pointer_type__(cls, kind):
        type.__setattr__(cls, "_pointer_type", kind)

    def __setattr__(cls, name, value):
        super().__setattr__(name, value)
        if name == "_fields_":
            cls._lay_out(value)

    def from_buffer(cls, source, offset=0):
        view = memoryview(source).cast("B")
        if view.readonly:
            raise TypeError("underlying buffer is not writable")
        return cls._at(_part(cls, view, offset))

    def from_buffer_copy(cls, source, offset=0):
        return cls._at(memoryview(bytearray(_part(cls, memoryview(source).cast("B"), offset))))

    def from_param(cls, value):
        return value if isinstance(value, cls) else cls(value)

    def from_address(cls, address):
        raise refusal("ctypes.from_address")

    def in_dll(cls, library, name):
        raise refusal("ctypes.in_dll")

    def _at(cls, view):
        made = cls.__new__(cls)
        made._view = view
        return made


_arrays: dict = {}


def issubclass_of(cls, name):
    return any(base.__name__ == name and base.__module__ == __name__ for base in cls.__mro__[1:])


def _part(cls, view, offset):
    if offset < 0 or len(view) - offset < cls._size:
        raise ValueError(f"Buffer size too small ({len(view)} instead of at least {cls._size + offset} bytes)")
    return view[offset : offset + cls._size]


class Data(metaclass=Kind):
    _size = _align = 0

    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls)
        made._view, made._held = memoryview(bytearray(cls._size)), {}
        return made

    def __buffer__(self, flags):
        return self._view

    def __reduce__(self):
        return _restore, (type(self), bytes(self._view))


def _restore(cls, content):
    return cls.from_buffer_copy(content)


class Simple(Data):
    """One number, character, boolean or reference."""

    @classmethod
    def _prepare_simple(cls, members):
        code = members.get("_type_")
        if code is None:
            return
        if code not in _INTEGERS + _FLOATS + _REFERENCES + "cu?v":
            raise AttributeError(f"class must define a '_type_' attribute that is a known code, not {code!r}")
        cls._format = members.get("_format", f"@{_CODES.get(code, code)}")
        cls._size = cls._align = struct.calcsize(cls._format)
        if "_format" not in members and code in _INTEGERS + _FLOATS + "?":
            swapped = code if code in "fd?" else "d" if code == "g" else _standard(code, cls._size)
            other = Kind(cls.__name__, (Simple,), {"_type_": code, "_format": f">{swapped}"})
            cls.__ctype_le__ = other.__ctype_le__ = cls
            cls.__ctype_be__ = other.__ctype_be__ = other

    def __init__(self, value=None):
        if value is not None:
            self.value = value

    @property
    def value(self):
        code = self._type_
        if code in _REFERENCES:
            return self._held.get(0)
        found = struct.unpack(self._format, self._view)[0]
        return chr(found) if code == "u" else found

    @value.setter
    def value(self, value):
        code = self._type_
        if code in _REFERENCES:
            self._held[0] = _checked_reference(code, value)
            return
        self._view[:] = struct.pack(self._format, _packable(self, code, value))

    def __bool__(self):
        return self.value not in (0, b"\0", "\0", None, False)

    def __repr__(self):
        if type(self).__bases__[0] is not Simple:
            return object.__repr__(self)
        return f"{type(self).__name__}({self.value!r})"


def _standard(code: str, size: int) -> str:
    """Returns the code of an integer of this size that does not depend on the platform."""
    found = {1: "b", 2: "h", 4: "i", 8: "q"}[size]
    return found if code.islower() else found.upper()


def _packable(self, code, value):
    """Returns what `struct` packs; integers lose their upper bits as in C."""
    if code in _INTEGERS:
        if isinstance(value, float):
            raise TypeError("'float' object cannot be interpreted as an integer")
        bits = 8 * self._size
        number = value.__index__() if hasattr(value, "__index__") else _not_an_integer(value)
        number &= (1 << bits) - 1
        return number - (1 << bits) if code.islower() and number >> (bits - 1) else number
    if code in _FLOATS:
        return float(value) if not isinstance(value, str) else _not_a_real(value)
    if code == "c":
        if isinstance(value, int) and not isinstance(value, bool):
            return bytes([value])
        if not isinstance(value, (bytes, bytearray)) or len(value) != 1:
            raise TypeError("one character bytes, bytearray, or an integer in range(256) expected")
        return bytes(value)
    if code == "u":
        if not isinstance(value, str) or len(value) != 1:
            raise TypeError(f"a unicode character expected, not instance of {type(value).__name__}")
        return ord(value)
    return bool(value)


def _not_an_integer(value):
    raise TypeError(f"an integer is required (got type {type(value).__name__})")


def _not_a_real(value):
    raise TypeError(f"must be real number, not {type(value).__name__}")


def _checked_reference(code, value):
    fits = {"z": (bytes, int), "Z": (str, int), "P": (int,)}.get(code, (object,))
    if value is not None and not isinstance(value, fits):
        raise TypeError(f"{fits[0].__name__} or integer address expected instead of {type(value).__name__} instance")
    return value or None if code == "P" else value


class Array(Data):
    def __init__(self, *items):
        if len(items) > self._length_:
            raise IndexError("invalid index")
        for i, item in enumerate(items):
            self[i] = item

    def __len__(self):
        return self._length_

    def __getitem__(self, index):
        if isinstance(index, slice):
            found = [self[i] for i in range(*index.indices(len(self)))]
            return {"c": b"".join, "u": "".join}.get(getattr(self._type_, "_type_", None), list)(found)
        return _get(self, self._type_, self._place(index))

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            places = range(*index.indices(len(self)))
            if len(places) != len(value):
                raise ValueError("Can only assign sequence of same size")
            for i, item in zip(places, value, strict=True):
                self[i] = item
            return
        _set(self, self._type_, self._place(index), value)

    def _place(self, index):
        index = index.__index__()
        index += len(self) if index < 0 else 0
        if not 0 <= index < len(self):
            raise IndexError("invalid index")
        return index * self._type_._size

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    @property
    def raw(self):
        return bytes(self._view)

    @raw.setter
    def raw(self, content):
        self._fill(bytes(content), 0)

    @property
    def value(self):
        code = getattr(self._type_, "_type_", None)
        if code == "c":
            return bytes(self._view).partition(b"\0")[0]
        if code == "u":
            return "".join(self).partition("\0")[0]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute 'value'")

    @value.setter
    def value(self, value):
        if self._type_._type_ == "c":
            self._fill(value, 1)
            return
        for i, char in enumerate(value + "\0" * (len(value) < len(self))):
            self[i] = char

    def _fill(self, content, end):
        if len(content) > len(self._view):
            raise ValueError("byte string too long")
        content += b"\0" * min(end, len(self._view) - len(content))
        self._view[: len(content)] = content


class Field:
    """A member of a structure or union."""

    def __init__(self, name, kind, offset):
        self.name, self.type, self.offset, self.size = name, kind, offset, kind._size
        self.byte_offset, self.byte_size, self.is_bitfield, self.is_anonymous = offset, kind._size, False, False

    def __get__(self, holder, owner=None):
        return self if holder is None else _get(holder, self.type, self.offset)

    def __set__(self, holder, value):
        _set(holder, self.type, self.offset, value)

    def __repr__(self):
        return f"<Field type={self.type.__name__}, ofs={self.offset}, size={self.size}>"


class Composite(Data):
    _overlap = False

    @classmethod
    def _lay_out(cls, fields):
        pack = getattr(cls, "_pack_", 0)
        inherited = next((base for base in cls.__mro__[1:] if "_names" in vars(base)), None)
        offset, align, names = (inherited._size, inherited._align, [*inherited._names]) if inherited else (0, 1, [])
        size = offset
        for name, kind, *bits in fields:
            if bits:
                raise refusal("a bit field of ctypes.Structure")
            own = min(kind._align, pack) if pack else kind._align
            offset = 0 if cls._overlap else -(-offset // own) * own
            type.__setattr__(cls, name, Field(name, kind, offset))
            names.append(name)
            offset += kind._size
            size, align = max(size, offset), max(align, own)
        cls._names, cls._align = names, align
        cls._size = -(-size // align) * align

    def __init__(self, *values, **named):
        if len(values) > len(self._names):
            raise TypeError("too many initializers")
        for name, value in (*zip(self._names, values, strict=False), *named.items()):
            if name in named and name in self._names[: len(values)]:
                raise TypeError(f"duplicate values for field '{name}'")
            setattr(self, name, value)


class Structure(Composite):
    _names: list = []


class Union(Composite):
    _overlap = True
    _names: list = []


def _get(holder, kind, offset):
    made = kind._at(holder._view[offset : offset + kind._size])
    made._held = holder._held.setdefault(offset, {}) if not _is_plain(kind) else {0: holder._held.get(offset)}
    is_text = issubclass_of(kind, "Array") and getattr(kind._type_, "_type_", None) in ("c", "u")
    return made.value if is_text or _is_plain(kind) else made


def _set(holder, kind, offset, value):
    if _is_plain(kind):
        made = value if isinstance(value, kind) else kind(value)
        if kind._type_ in _REFERENCES:
            holder._held[offset] = made.value
    elif issubclass_of(kind, "Array") and isinstance(value, (bytes, str)):
        made = kind()
        made.value = value
    else:
        made = value if isinstance(value, kind) else kind(*value) if isinstance(value, tuple) else _wrong(kind, value)
        holder._held[offset] = made._held
    holder._view[offset : offset + kind._size] = made._view


def _is_plain(kind):
    """Returns whether a member of this type is read as a Python value: a simple type, not one derived from it."""
    return Simple in kind.__bases__[0].__mro__[:1]


def _wrong(kind, value):
    raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {kind.__name__} instance")


class Pointer(Data):
    """Points to an object that Python holds; its bytes mean nothing."""

    _size = _align = struct.calcsize("P")

    def __init__(self, target=None):
        if target is not None:
            self.contents = target

    @property
    def contents(self):
        if self._held.get(0) is None:
            raise ValueError("NULL pointer access")
        return self._held[0]

    @contents.setter
    def contents(self, target):
        if not isinstance(target, self._type_):
            raise TypeError(f"expected {self._type_.__name__} instead of {type(target).__name__}")
        self._held[0] = target

    def __bool__(self):
        return self._held.get(0) is not None

    def __getitem__(self, index):
        if index != 0:
            raise refusal("arithmetic with a pointer of ctypes")
        return self.contents.value if _is_plain(self._type_) else self.contents

    def __setitem__(self, index, value):
        if index != 0:
            raise refusal("arithmetic with a pointer of ctypes")
        self.contents.value = value


def _pointer_to(cls):
    if "_pointer_type" not in vars(cls):
        Kind(f"LP_{cls.__name__}", (Pointer,), {"_type_": cls})
    return cls.__pointer_type__


class Reference:
    """What `byref` returns."""

    def __init__(self, target):
        self._obj = self.target = target


class Function(Data):
    """A function of C. It can be declared; a call raises, unless it wraps a function of Python."""

    _size = _align = struct.calcsize("P")

    def __init__(self, target=None, *rest):
        self._target = target
        self.argtypes, self.restype = getattr(self, "_argtypes_", None), getattr(self, "_restype_", None)
        self.errcheck = None

    def __call__(self, *args):
        __tracebackhide__ = True
        if callable(self._target):
            return self._target(*args)
        name = self._target[0] if isinstance(self._target, tuple) else "without a name"
        raise refusal(f"the C function `{name}`")
