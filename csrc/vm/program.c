/* Checking of programs. See program.h. */
#include "vm/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"

void program_free(Program *p) {
    if (p == NULL) return;
    free(p->code);
    free(p->values);
    free(p->constant);
    free(p->output);
    free(p->output_value);
    free(p);
}

/* Instruction `at` over values: value_of says what each register holds, -1 nothing yet. 0 and a message if it breaks
 * a rule. */
static int translate(const Program *p, size_t at, int32_t *value_of, char *message, size_t size) {
    const Code *code = &p->code[at];
    Code *to = &p->values[at];
    const int32_t *from = &code->a;
    int32_t *operand = &to->a, fixed = (int32_t)(p->inputs + p->constants);
    if (code->op < 0 || code->op >= DO_COUNT || code->op == DO_round) {
        snprintf(message, size, "instruction %zu: there is no operation %d on lanes", at, (int)code->op);
        return 0;
    }
    to->op = code->op;
    for (int i = 0; i < do_info[code->op].arity; i++) {
        if (from[i] < 0 || (size_t)from[i] >= p->registers) {
            snprintf(message, size, "instruction %zu: operand %d is no register of %zu", at, (int)from[i],
                     p->registers);
            return 0;
        }
        if (value_of[from[i]] < 0) {
            snprintf(message, size, "instruction %zu reads register %d before anything is written there", at,
                     (int)from[i]);
            return 0;
        }
        operand[i] = value_of[from[i]];
    }
    for (int i = do_info[code->op].arity; i < 3; i++)
        if (from[i] != 0) {
            snprintf(message, size, "instruction %zu: %s has no operand %d, expected 0, not %d", at,
                     do_info[code->op].name, i, (int)from[i]);
            return 0;
        }
    if (code->out < fixed || (size_t)code->out >= p->registers) {
        snprintf(message, size, "instruction %zu writes to %d, expected a register from %d to %zu", at,
                 (int)code->out, (int)fixed, p->registers - 1);
        return 0;
    }
    to->out = value_of[code->out] = fixed + (int32_t)at;
    return 1;
}

static int check(Program *p, int32_t *value_of, char *message, size_t size) {
    for (size_t r = 0; r < p->registers; r++) value_of[r] = r < p->inputs + p->constants ? (int32_t)r : -1;
    for (size_t i = 0; i < p->length; i++)
        if (!translate(p, i, value_of, message, size)) return 0;
    for (size_t k = 0; k < p->outputs; k++) {
        int32_t r = p->output[k];
        if (r < 0 || (size_t)r >= p->registers || value_of[r] < 0) {
            snprintf(message, size, "output %zu is register %d, where nothing is written", k, (int)r);
            return 0;
        }
        p->output_value[k] = value_of[r];
    }
    return 1;
}

static const Code *made_by(const Program *p, int32_t value, int32_t op) { /* NULL: by something else */
    size_t fixed = p->inputs + p->constants;
    const Code *code = (size_t)value >= fixed ? &p->values[(size_t)value - fixed] : NULL;
    return code != NULL && code->op == op ? code : NULL;
}

/* exp(a >= 0 ? -a : a), of which the slopes of sigmoid and its like are made, is exp(-|a|): the two operations before
 * exp take less time than three, and one of them fuses with it. What exp alone reads may be a zero of another sign. */
static int shorten(Program *p) { /* 0: no memory */
    size_t fixed = p->inputs + p->constants;
    int32_t *uses = machine_array(fixed + p->length, sizeof *uses);
    if (uses == NULL) return 0;
    for (size_t i = 0; i < p->length; i++)
        for (int j = 0; j < do_info[p->values[i].op].arity; j++) uses[(&p->values[i].a)[j]]++;
    for (size_t k = 0; k < p->outputs; k++) uses[p->output_value[k]]++;
    for (size_t i = 0; i < p->length; i++) {
        const Code *select, *negative, *less;
        size_t zero;
        int32_t a;
        if (p->values[i].op != DO_exp || uses[p->values[i].a] != 1) continue;
        if ((select = made_by(p, p->values[i].a, DO_select)) == NULL || uses[select->c] != 1) continue;
        if ((negative = made_by(p, select->a, DO_neg)) == NULL || (less = made_by(p, select->c, DO_le)) == NULL) continue;
        a = select->b, zero = (size_t)less->a;
        if (negative->a != a || less->b != a || zero < p->inputs || zero >= fixed) continue;
        if (p->constant[zero - p->inputs] != 0.0) continue;
        p->values[(size_t)less->out - fixed] = (Code){DO_abs, less->out, a, 0, 0};
        p->values[(size_t)select->out - fixed] = (Code){DO_neg, select->out, less->out, 0, 0};
    }
    free(uses);
    return 1;
}

Program *program_new(const int32_t *code, size_t length, const double *constants, size_t n_constants, int64_t n_inputs,
                     int64_t n_registers, const int32_t *outputs, size_t n_outputs, char *message, size_t size) {
    Program *p;
    int32_t *value_of;
    int good;
    message[0] = '\0';
    if (n_inputs < 0 || n_registers < 0 || n_inputs > INT32_MAX || n_registers > INT32_MAX ||
        length > INT32_MAX / 8 || n_constants > INT32_MAX / 8 || n_outputs > INT32_MAX / 8 ||
        (uint64_t)n_inputs + n_constants > (uint64_t)n_registers ||
        (uint64_t)n_inputs + n_constants + length > INT32_MAX) {
        snprintf(message, size, "%lld inputs, %zu constants, %zu instructions: expected 0 <= inputs + constants <= registers (%lld), all below 2**31",
                 (long long)n_inputs, n_constants, length, (long long)n_registers);
        return NULL;
    }
    if ((uint64_t)n_registers > (uint64_t)n_inputs + n_constants + length) {
        snprintf(message, size, "%lld registers, but %lld inputs, %zu constants and %zu instructions fill at most %lld",
                 (long long)n_registers, (long long)n_inputs, n_constants, length,
                 (long long)(n_inputs + (int64_t)n_constants + (int64_t)length));
        return NULL;
    }
    p = machine_array(1, sizeof *p);
    if (p == NULL) return NULL;
    p->inputs = (size_t)n_inputs, p->constants = n_constants, p->registers = (size_t)n_registers;
    p->length = length, p->outputs = n_outputs;
    p->code = machine_array(length, sizeof *p->code);
    p->values = machine_array(length, sizeof *p->values);
    p->constant = machine_array(n_constants, sizeof *p->constant);
    p->output = machine_array(n_outputs, sizeof *p->output);
    p->output_value = machine_array(n_outputs, sizeof *p->output_value);
    value_of = machine_array(p->registers, sizeof *value_of);
    if (!p->code || !p->values || !p->constant || !p->output || !p->output_value || !value_of) {
        free(value_of);
        program_free(p);
        return NULL;
    }
    if (length) memcpy(p->code, code, length * sizeof *p->code);
    if (n_constants) memcpy(p->constant, constants, n_constants * sizeof *p->constant);
    if (n_outputs) memcpy(p->output, outputs, n_outputs * sizeof *p->output);
    good = check(p, value_of, message, size);
    free(value_of);
    if (good && shorten(p)) return p;
    program_free(p);
    return NULL;
}
