/* Chains of additions, and how deep every value lies. See isomorphic.h. */
#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"
#include "vm/reroll/isomorphic.h"

static int family(int32_t op) { return op == DO_sub ? DO_add : op == DO_add || op == DO_and || op == DO_or ? op : -1; }

static int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

static void count_uses(Shapes *s) {
    const Program *p = s->program;
    for (size_t k = 0; k < p->outputs; k++) s->uses[p->output_value[k]]++;
    for (size_t v = s->values; v-- > s->fixed;) {
        const Code *code = code_of(s, (int32_t)v);
        if (s->uses[v])
            for (int i = 0; i < arity(code->op); i++) s->uses[(&code->a)[i]]++;
    }
}

/* Whether `value` may be the sum so far that an operation of this family adds to. */
static int may_go_on(const Shapes *s, int32_t value, int kin) {
    const Code *code = code_of(s, value);
    return code != NULL && s->uses[value] == 1 && family(code->op) == kin;
}

/* before: what each addition adds to; links: how many additions that makes. Of two sums the deeper one is added to; of
 * two that are equally deep neither is, they are a pair of terms. What is added to is INSIDE. */
static void join(Shapes *s, int32_t *before, int32_t *links) {
    for (size_t v = s->fixed; v < s->values; v++) {
        const Code *code = code_of(s, (int32_t)v);
        int kin = family(code->op), first, second;
        s->chain_of[v] = NO_CHAIN;
        before[v] = -1;
        if (!s->uses[v]) continue;
        for (int i = 0; i < arity(code->op); i++) s->depth[v] = larger(s->depth[v], s->depth[(&code->a)[i]] + 1);
        if (kin < 0) continue;
        first = may_go_on(s, code->a, kin), second = code->op != DO_sub && may_go_on(s, code->b, kin);
        if (first && second)
            first = s->depth[code->a] > s->depth[code->b], second = s->depth[code->b] > s->depth[code->a];
        before[v] = first ? code->a : second ? code->b : -1;
        links[v] = 1 + (before[v] >= 0 ? links[before[v]] : 0);
        if (before[v] >= 0) s->chain_of[before[v]] = INSIDE;
    }
}

/* Every long chain, from its end. Short ones are additions like others. */
static int collect(Shapes *s, const int32_t *before, const int32_t *links) {
    size_t terms = 0;
    for (size_t v = s->fixed; v < s->values; v++)
        if (s->uses[v] && s->chain_of[v] == NO_CHAIN && links[v] >= LEAST - 1)
            terms += (size_t)links[v] + 1, s->chains++;
    s->chain = machine_array(s->chains, sizeof *s->chain);
    s->term = machine_array(terms, sizeof *s->term);
    s->link = machine_array(terms, sizeof *s->link);
    if (!s->chain || !s->term || !s->link) return 0;
    s->chains = terms = 0;
    for (size_t v = s->values; v-- > s->fixed;) {
        int32_t at, link, next;
        if (!s->uses[v] || s->chain_of[v] != NO_CHAIN) continue;
        if (links[v] < LEAST - 1) {
            for (link = before[v]; link >= 0; link = before[link]) s->chain_of[link] = NO_CHAIN;
            continue;
        }
        s->chain[s->chains] = (Chain){(int32_t)terms, links[v] + 1, 0, 0};
        terms += (size_t)links[v] + 1;
        at = (int32_t)terms;
        s->chain_of[v] = (int32_t)s->chains++;
        for (link = (int32_t)v; link >= 0; link = next) {
            next = before[link];
            s->turned[link] = next >= 0 && next == code_of(s, link)->b;
            s->link[--at] = link;
            s->term[at] = operand_of(s, link, 1);
            if (next < 0) s->link[--at] = -1, s->term[at] = operand_of(s, link, 0);
        }
    }
    return 1;
}

static void measure(Shapes *s, int32_t *chains_of_length) {
    for (size_t v = s->fixed; v < s->values; v++) {
        const Code *code = code_of(s, (int32_t)v);
        s->depth[v] = 0;
        if (!s->uses[v]) continue;
        for (int i = 0; i < arity(code->op); i++) s->depth[v] = larger(s->depth[v], s->depth[(&code->a)[i]]);
        if (s->chain_of[v] != INSIDE) s->depth[v]++;
        s->deepest = larger(s->deepest, s->depth[v]);
    }
    memset(chains_of_length, 0, s->values * sizeof *chains_of_length);
    for (size_t i = 0; i < s->chains; i++) chains_of_length[s->chain[i].count - 1]++;
    for (size_t i = 0; i < s->chains; i++)
        s->chain[i].alone = chains_of_length[s->chain[i].count - 1] <= s->chain[i].count;
}

/* Who reads a value: the depth of the lowest reader, or which chain where each is likely to become a sum. */
static void tag(Shapes *s) {
    for (size_t v = 0; v < s->values; v++) s->tag[v] = s->deepest + 1;
    for (size_t v = s->fixed; v < s->values; v++) {
        const Code *code = code_of(s, (int32_t)v);
        if (s->uses[v] && s->chain_of[v] == NO_CHAIN)
            for (int i = 0; i < arity(code->op); i++) {
                int32_t operand = (&code->a)[i];
                if (s->depth[v] < s->tag[operand]) s->tag[operand] = s->depth[v];
            }
    }
    for (size_t i = 0; i < s->chains; i++) {
        const Chain *chain = &s->chain[i];
        int32_t top = s->depth[s->link[chain->first + chain->count - 1]];
        for (int32_t j = chain->first; j < chain->first + chain->count; j++) {
            int32_t term = s->term[j];
            if (chain->alone && s->uses[term] == 1) s->tag[term] = s->deepest + 2 + (int32_t)i;
            else if (top < s->tag[term]) s->tag[term] = top;
        }
    }
}

int chains_find(Shapes *s) {
    int32_t *before = machine_array(s->values, sizeof *before), *links = machine_array(s->values, sizeof *links);
    int good = before != NULL && links != NULL;
    if (good) {
        count_uses(s);
        join(s, before, links);
        good = collect(s, before, links);
    }
    if (good) {
        measure(s, links);
        tag(s);
    }
    free(before), free(links);
    return good;
}
