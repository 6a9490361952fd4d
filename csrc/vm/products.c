/* Finds matrix products in a plan: loops that were written out as s = s + u * x, again and again.
 *
 * A chain is a row of additions, each of which adds a product used nowhere else, of a factor u that is one number for
 * all rows and of an x that varies. Chains that go through the same x in the same order are a product: the x's are read
 * once for several chains, and the u's need no lanes. Each chain is computed in its own order, so nothing is rounded
 * otherwise. A product runs where its first chain ended, for all x are known there. O(steps), but for sorting: chains
 * that wait for one another are looked at MOST_WAITING at a time. */
#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"
#include "vm/plan.h"

enum { LEAST_CHAINS = 4, LEAST_TERMS = 2, MOST_WAITING = 64 };

typedef struct { /* a step that adds u * x */
    int32_t before; /* the value it adds to, NONE: u * x is added to another one's: see first */
    int32_t x, factor;
    int32_t first;    /* the step of the product that comes before, where it adds two; else NONE */
    int32_t terms;    /* of the chain that ends here */
    int32_t previous; /* the link that it goes on from, NONE: it is the first */
    unsigned char inside;
} Link;

typedef struct {
    uint64_t key;
    int32_t end; /* a step */
} Chain;

typedef struct {
    PlanBuilder *d;
    Plan *plan;
    Link *link;     /* of each step */
    int32_t *place; /* of each value: the step that computes it, + 1 */
    Chain *chain;
    int32_t *x, *other; /* the x's of a chain, and of another */
    int32_t *number, *factor, *at; /* at: of each step: the product that runs there, + 1 */
    PlanProduct *product;
    unsigned char *gone; /* of each step */
    size_t chains, products, numbers, factors;
} Search;

/* Whether a value is u * x, read once; then u and x. */
static int is_term(const Search *f, int32_t value, int32_t *u, int32_t *x) {
    const PlanBuilder *d = f->d;
    const Code *code = f->place[value] ? &d->list[f->place[value] - 1] : NULL;
    if (code == NULL || code->op != DO_mul || d->uses[value] != 1 || d->vary[code->a] == d->vary[code->b]) return 0;
    *u = d->vary[code->a] ? code->b : code->a;
    *x = d->vary[code->a] ? code->a : code->b;
    return 1;
}

/* The link that a value is the result of, if it may be gone on from. */
static int32_t link_of(const Search *f, int32_t value) {
    int32_t i = f->place[value] - 1;
    return i >= 0 && f->link[i].terms && f->d->uses[value] == 1 ? i : NONE;
}

static void look_at(Search *f, int32_t i) {
    const Code *code = &f->d->list[i];
    Link *link = &f->link[i];
    int32_t u, x, turned;
    int a, b;
    if (code->op != DO_add && code->op != DO_sub) return;
    a = code->op == DO_add && is_term(f, code->a, &u, &x), b = is_term(f, code->b, &u, &x);
    if (!a && !b) return;
    turned = !b || (a && link_of(f, code->a) == NONE && link_of(f, code->b) != NONE);
    is_term(f, turned ? code->a : code->b, &u, &x);
    *link = (Link){turned ? code->b : code->a, x, code->op == DO_sub ? ~u : u, NONE, 1, NONE, 0};
    link->previous = link_of(f, link->before);
    if (link->previous != NONE) {
        link->terms += f->link[link->previous].terms;
        f->link[link->previous].inside = 1;
    } else if (is_term(f, link->before, &u, &x)) {
        link->first = f->place[link->before] - 1;
        link->terms = 2;
    }
}

/* The x's of the chain that ends at a step; returns what it begins with, NONE if that is a product. */
static int32_t read_chain(const Search *f, int32_t end, int32_t *x, int32_t *factor) {
    int32_t k = f->link[end].terms, u;
    for (const Link *link = &f->link[end];; link = &f->link[link->previous]) {
        x[--k] = link->x;
        if (factor != NULL) factor[k] = link->factor;
        if (link->previous != NONE) continue;
        if (link->first == NONE) return link->before;
        is_term(f, link->before, &u, &x[0]);
        if (factor != NULL) factor[0] = u;
        return NONE;
    }
}

static int by_key(const void *a, const void *b) {
    const Chain *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static void collect_chains(Search *f) {
    for (int32_t i = 0; i < (int32_t)f->d->length; i++) {
        const Link *link = &f->link[i];
        uint64_t key = (uint64_t)link->terms;
        if (link->terms < LEAST_TERMS || link->inside) continue;
        read_chain(f, i, f->x, NULL);
        for (int32_t k = 0; k < link->terms; k++) key = (key ^ (uint32_t)f->x[k]) * 0x9E3779B97F4A7C15u, key ^= key >> 29;
        f->chain[f->chains++] = (Chain){key, i};
    }
    qsort(f->chain, f->chains, sizeof *f->chain, by_key);
}

/* The steps of a chain are no longer in the list. */
static void remove_chain(Search *f, int32_t end) {
    for (int32_t i = end; i != NONE; i = f->link[i].previous) {
        const Code *code = &f->d->list[i];
        const Link *link = &f->link[i];
        f->gone[i] = 1;
        f->gone[f->place[link->before == code->a ? code->b : code->a] - 1] = 1;
        if (link->first != NONE) f->gone[link->first] = 1;
    }
}

/* Whether a chain has the x's of f->x and begins with what is known at a step; its x's are in f->other then. */
static int fits(const Search *f, int32_t end, int32_t terms, int32_t known, int32_t *start, int32_t *factor) {
    *start = read_chain(f, end, f->other, factor);
    return memcmp(f->x, f->other, (size_t)terms * sizeof *f->x) == 0 && (*start == NONE || f->place[*start] <= known);
}

/* Chains with equal x's, by their ends: those that can be computed where the first of them ends are one product, up to
 * MOST_WAITING in a row that cannot. What was looked at and is left comes to the end of what was looked at; returns how
 * many chains before that are done. */
static size_t make_product(Search *f, Chain *chain, size_t count) {
    const PlanBuilder *d = f->d;
    int32_t terms = f->link[chain->end].terms, known = chain->end, taken = 0, start, *x, *out, *begin;
    size_t left = 0, seen = 0, waiting = 0;
    PlanProduct *product = &f->product[f->products];
    *product = (PlanProduct){(int32_t)f->numbers, 0, terms, (int32_t)f->factors};
    read_chain(f, known, f->x, NULL);
    for (; seen < count && waiting < MOST_WAITING; seen++) {
        int fit = fits(f, chain[seen].end, terms, known, &start, NULL);
        taken += fit, waiting = fit ? 0 : waiting + 1;
    }
    x = f->number + f->numbers, out = x + terms, begin = out + taken;
    for (size_t i = 0; i < seen; i++) {
        int32_t end = chain[i].end, *factor = f->factor + f->factors;
        if (!fits(f, end, terms, known, &start, taken < LEAST_CHAINS ? NULL : factor + 1)) {
            chain[left++] = chain[i];
            continue;
        }
        if (taken < LEAST_CHAINS) continue;
        memcpy(x, f->x, (size_t)terms * sizeof *x);
        *factor = start == NONE ? NO_START : d->vary[start] ? NO_START : start;
        out[product->chains] = d->list[end].out;
        begin[product->chains++] = start != NONE && d->vary[start] ? start : NONE;
        f->factors += (size_t)terms + 1;
        remove_chain(f, end);
    }
    if (taken >= LEAST_CHAINS) {
        f->numbers += (size_t)(terms + 2 * taken);
        f->at[known] = (int32_t)++f->products;
    }
    memmove(chain + seen - left, chain, left * sizeof *chain);
    return seen - left;
}

static int search(Search *f) { /* 0: no memory */
    PlanBuilder *d = f->d;
    size_t links = 0, muls = 0, n = 0, all;
    f->place = machine_array(d->values, sizeof *f->place);
    f->link = machine_array(d->length, sizeof *f->link);
    if (!f->place || !f->link) return 0;
    for (size_t i = 0; i < d->length; i++) f->place[d->list[i].out] = (int32_t)i + 1;
    for (size_t i = 0; i < d->length; i++) look_at(f, (int32_t)i), links += f->link[i].terms > 0;
    if (links < LEAST_CHAINS) return 1;
    for (size_t i = 0; i < d->length; i++) muls += d->list[i].op == DO_mul;
    all = links + muls + 1; /* a chain's terms are less than its links and their products, and so are all of them */
    f->chain = machine_array(links, sizeof *f->chain);
    f->x = machine_array(all, sizeof *f->x);
    f->other = machine_array(all, sizeof *f->other);
    f->number = machine_array(3 * all, sizeof *f->number);
    f->factor = machine_array(2 * all, sizeof *f->factor);
    f->product = machine_array(links, sizeof *f->product);
    f->at = machine_array(d->length, sizeof *f->at);
    f->gone = machine_array(d->length, 1);
    if (!f->chain || !f->x || !f->other || !f->number || !f->factor || !f->product || !f->at || !f->gone) return 0;
    collect_chains(f);
    for (size_t i = 0, end; i < f->chains; i = end) {
        for (end = i + 1; end < f->chains && f->chain[end].key == f->chain[i].key; end++)
            if (f->link[f->chain[end].end].terms != f->link[f->chain[i].end].terms) break;
        for (size_t k = i; end - k >= LEAST_CHAINS;) k += make_product(f, f->chain + k, end - k);
    }
    for (size_t i = 0; i < d->length; i++) {
        if (f->at[i]) d->list[n++] = (Code){DO_PRODUCT, f->at[i] - 1, 0, 0, 0};
        else if (!f->gone[i]) d->list[n++] = d->list[i];
    }
    d->length = n;
    return 1;
}

int products_find(PlanBuilder *d, Plan *plan) {
    Search f = {0};
    int good;
    f.d = d, f.plan = plan;
    good = search(&f);
    free(f.place), free(f.link), free(f.chain), free(f.x), free(f.other), free(f.at), free(f.gone);
    plan->product = f.product, plan->number = f.number, plan->factor = f.factor;
    plan->products = f.products, plan->numbers = f.numbers, plan->factors = f.factors;
    return good;
}
