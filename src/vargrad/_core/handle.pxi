# Birth and death of a Var. Cython's own tp_new and tp_dealloc take longer than an addition (they clear, count
# references up and down, and save the current exception), and a temporary is born and dies at every operation.
# So the last few dead handles are kept and reused hot, and tp_dealloc is replaced by three lines.

cdef extern from *:
    """
    typedef struct { PyObject_HEAD Node *node; } Handle;
    static PyTypeObject *handle_type;
    #define HANDLES_KEPT 64
    static Handle *handle_spare[HANDLES_KEPT];
    static int handle_spares;

    /* One that has no node yet. */
    static CYTHON_INLINE Handle *handle_blank(void) {
        Handle *h;
        if (TAPE_LIKELY(handle_spares)) {
            h = handle_spare[--handle_spares];
    #if defined(Py_TRACE_REFS) || defined(Py_REF_DEBUG) || defined(Py_GIL_DISABLED)
            (void)PyObject_Init((PyObject *)h, handle_type);
    #else
            Py_SET_REFCNT((PyObject *)h, 1); /* its type is still set, and types like this one are not counted */
    #endif
        } else {
            h = tape_may_allocate() ? (Handle *)PyObject_Malloc(sizeof(Handle)) : NULL;
            if (h) (void)PyObject_Init((PyObject *)h, handle_type);
        }
        return h;
    }

    /* Of a node that was there before: without memory it stays as it is, part of a graph. */
    static CYTHON_INLINE PyObject *handle_again(Node *n) {
        Handle *h = handle_blank();
        if (TAPE_UNLIKELY(!h)) return PyErr_NoMemory();
        h->node = n;
        tape_attach(n, h);
        return (PyObject *)h;
    }

    /* Of a node just made: without memory a leaf is freed, another node stays behind, unreachable. */
    static CYTHON_INLINE PyObject *handle_new(Node *n) {
        PyObject *h = handle_again(n);
        if (TAPE_UNLIKELY(!h) && n->flags & NODE_LEAF) tape_free_leaf(n);
        return h;
    }

    /* A new node and its handle. The operands' own handles are alive, so nothing is freed under them. With look: of
     * operands whose values were taken without a look at their cells. NULL, without an exception: a leaf's
     * cell has been written to, or there is no memory; the careful way sees which. */
    static CYTHON_INLINE PyObject *handle_try(unsigned code, double value, Operand a, Operand b, int look) {
        Segment *s = tape_room();
        if (TAPE_UNLIKELY(!s) || (!(code & A_CONSTANT) && TAPE_UNLIKELY(tape_use(s, a.node, look))) ||
            (!(code & B_CONSTANT) && TAPE_UNLIKELY(tape_use(s, b.node, look))))
            return NULL;
        Handle *h = handle_blank();
        if (TAPE_UNLIKELY(!h)) return NULL;
        Node *n = tape_push(s, code, value, a, b);
        n->handle = h;
        h->node = n;
        s->handles++;
        return (PyObject *)h;
    }

    static PyObject *handle_record(unsigned code, double value, Operand a, Operand b) {
        PyObject *made = handle_try(code, value, a, b, 0);
        return made ? made : PyErr_NoMemory();
    }

    static CYTHON_INLINE PyObject *handle_take(PyObject *made) { return made; } /* for Cython: its reference */

    static CYTHON_INLINE PyObject *handle_of(Node *n) {
        if (n->handle) {
            Py_INCREF((PyObject *)n->handle);
            return (PyObject *)n->handle;
        }
        return handle_again(n);
    }

    static PyObject *handle_requires_grad; /* the interned name */

    /* Var(x), Var(x, flag) and Var(x, requires_grad=flag) of a float and a bool; the rest goes through tp_new. */
    static PyObject *handle_call(PyObject *type, PyObject *const *args, size_t flags, PyObject *names) {
        Py_ssize_t given = PyVectorcall_NARGS(flags), named = names ? PyTuple_GET_SIZE(names) : 0;
        Py_ssize_t i, all = given + named;
        if (given && all <= 2 && PyFloat_CheckExact(args[0]) && (all == 1 || PyBool_Check(args[1])) &&
            (!named || PyTuple_GET_ITEM(names, 0) == handle_requires_grad)) {
            Node *n = tape_leaf(PyFloat_AS_DOUBLE(args[0]));
            if (!n) return PyErr_NoMemory();
            if (all == 2 && args[1] == Py_True) n->flags |= NODE_REQUIRES;
            return handle_new(n);
        }
        PyObject *positional = PyTuple_New(given), *keywords = named ? PyDict_New() : NULL, *made = NULL;
        if (!positional || (named && !keywords)) goto done;
        for (i = 0; i < given; i++) PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
        for (i = 0; i < named; i++)
            if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, i), args[given + i]) < 0) goto done;
        made = PyType_Type.tp_call(type, positional, keywords);
    done:
        Py_XDECREF(positional);
        Py_XDECREF(keywords);
        return made;
    }

    static int modes_active; /* no_grad or detect_anomaly is on somewhere, or a recording */
    static PyObject *handle_value, *handle_grad, *handle_zero; /* the int 0, as in p.grad = 0 */

    /* Set value and grad, as training loops do, without a look-up in the type. Getting stays as it is: another
     * tp_getattro would take 25 ns from every method call, since CPython then makes a bound method. */
    static int handle_set(PyObject *o, PyObject *name, PyObject *to) {
        Node *n = ((Handle *)o)->node;
        if (!modes_active && to && (PyFloat_CheckExact(to) || to == handle_zero)) {
            double x = to == handle_zero ? 0.0 : PyFloat_AS_DOUBLE(to);
            if (name == handle_value && n->flags & NODE_LEAF) {
                Node *edited = tape_edit(n, x);
                if (!edited) return PyErr_NoMemory(), -1;
                ((Handle *)o)->node = edited;
                return 0;
            }
            if (name == handle_grad && n->flags & NODE_REQUIRES) {
                *tape_grad(n) = x;
                return 0;
            }
        }
        return PyObject_GenericSetAttr(o, name, to);
    }

    static Py_hash_t handle_hash(PyObject *o) { return PyBaseObject_Type.tp_hash(o); }

    static void handle_dealloc(PyObject *o) {
        Handle *h = (Handle *)o;
        if (TAPE_LIKELY(h->node)) tape_detach(h->node); /* NULL: the constructor raised */
        if (TAPE_LIKELY(handle_spares < HANDLES_KEPT)) handle_spare[handle_spares++] = h;
        else PyObject_Free(h);
    }
    """
    bint modes_active
    Var handle_new(Node *n)
    object handle_record(unsigned code, double value, Operand a, Operand b)
    PyObject *handle_try(unsigned code, double value, Operand a, Operand b, bint look)
    object handle_take(PyObject *made)
    Var handle_of(Node *n)
    void tape_attach(Node *n, void *handle)
    void handle_dealloc(object)
    Py_hash_t handle_hash(object)


cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        void *tp_dealloc
        const char *tp_name


cdef extern from *:
    """
    static PyObject *handle_refuse(PyTypeObject *meta, PyObject *args, PyObject *names) {
        PyErr_SetString(PyExc_TypeError,
                        "type 'vargrad.Var' is not an acceptable base type: hold a Var in your class instead");
        return NULL;
    }

    /* Var's own type: that of a class under Var, which is refused. */
    static PyTypeObject handle_meta = {
        PyVarObject_HEAD_INIT(NULL, 0).tp_name = "vargrad.VarType",
        .tp_flags = Py_TPFLAGS_DEFAULT,
        .tp_new = handle_refuse,
    };

    static int handle_install(PyTypeObject *type) {
        if (type->tp_basicsize != sizeof(Handle) || type->tp_flags & (Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_HAVE_GC)) {
            PyErr_SetString(PyExc_ImportError, "vargrad._core.var_c was compiled with another layout of Var");
            return -1;
        }
        handle_requires_grad = PyUnicode_InternFromString("requires_grad");
        handle_value = PyUnicode_InternFromString("value");
        handle_grad = PyUnicode_InternFromString("grad");
        handle_zero = PyLong_FromLong(0); /* one object in CPython */
        if (!handle_requires_grad || !handle_value || !handle_grad || !handle_zero) return -1;
        handle_meta.tp_base = &PyType_Type;
        if (PyType_Ready(&handle_meta) < 0) return -1;
        Py_SET_TYPE((PyObject *)type, &handle_meta);
        type->tp_setattro = handle_set;
        PyType_Modified(type);
        handle_type = type;
        type->tp_vectorcall = handle_call;
        type->tp_dealloc = handle_dealloc;
        return 0;
    }
    """
    int handle_install(PyTypeObject *type) except -1


cdef inline void handle_attach(Var v) noexcept:
    tape_attach(v.node, <void *>v)


cdef int handle_start() except -1:
    return handle_install(<PyTypeObject *>Var)


def show_var_as(bytes name):
    """Let Var be called by its public name in messages, pickles and help."""
    global shown
    shown = name  # the type points into it
    (<PyTypeObject *>Var).tp_name = shown


cdef bytes shown = b""


def statistics():
    """Sizes of the tape: live segments and their nodes, live leaves, spare segments, bytes from the system."""
    cdef Statistics s
    tape_statistics(&s)
    return {"segments": s.segments, "spare": s.spare, "nodes": s.nodes, "leaves": s.leaves, "bytes": s.bytes}


def limit_allocations(long left):
    """Let the tape's allocations fail after so many more, for tests; -1: never. Returns what was left."""
    global tape_allocations_left
    before = tape_allocations_left
    tape_allocations_left = left
    return before
