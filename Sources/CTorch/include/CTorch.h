// The C face of libtorch. No C++ exception crosses it: a function that can fail returns 0 (or null) when
// it did, and ct_error_message() then says why. Handles own one reference each.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor ct_tensor;
typedef struct ct_generator ct_generator;

// ---- Errors ------------------------------------------------------------------------------------------

enum { CT_ERROR_OTHER = 0, CT_ERROR_MEMORY = 1, CT_ERROR_UNSUPPORTED = 2 };

/// Why the last failing call on this thread failed: one line, without a stack trace.
const char *ct_error_message(void);
int32_t ct_error_kind(void);

// ---- Operators ---------------------------------------------------------------------------------------

enum {
  CT_NONE = 0,
  CT_DEFAULT,  // the schema's own default
  CT_TENSOR,
  CT_INT,
  CT_DOUBLE,
  CT_BOOL,
  CT_STRING,
  CT_DEVICE,  // `i` as ct_device packs it
  CT_GENERATOR,
  CT_INTS,
  CT_DOUBLES,
  CT_BOOLS,  // of int64_t
  CT_TENSORS,  // null entries stand for None
};

/// One argument or result of an operator.
typedef struct {
  int32_t kind;
  int32_t count;
  union {
    int64_t i;
    double d;
    ct_tensor *tensor;
    ct_generator *generator;
    const char *string;
    const int64_t *ints;
    const double *doubles;
    ct_tensor *const *tensors;
  };
} ct_value;

/// Calls the operator `name` ("aten::add.Tensor") with positional arguments; those left out take the
/// schema's defaults. `name` must be a string constant: its address is the key of a cache.
/// Results are written to `results` (tensor lists one by one); `*count` holds its capacity and then
/// how many there are.
int32_t ct_call(const char *name, const ct_value *arguments, int32_t argument_count, ct_value *results,
                int32_t *count);

/// Whether oneDNN's products are built in and worth using on this processor.
bool ct_has_onednn(void);
/// x w^T + bias in float32 by oneDNN, outside the graph; x [..., in], w [out, in] with any strides.
ct_tensor *ct_onednn_linear(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias);
/// Whether the engine has oneDNN's product of float32 matrices, which it keeps to itself otherwise.
bool ct_has_onednn_matmul(void);
/// sum + alpha * left @ right, in place of `sum`, or a new tensor where that is null; matrices, or batches of them.
ct_tensor *ct_onednn_matmul(const ct_tensor *left, const ct_tensor *right, ct_tensor *sum, double alpha);

/// x w^T + bias outside the graph for 1 to 8 rows x [..., in] and w [out, in], both contiguous, float32 or bfloat16.
ct_tensor *ct_thin_linear(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias);

/// How a weight [rows, columns] is kept in few bits.
enum {
  CT_PACKED_LOOKUP = 0,  // codes of 4 bits stand for `values` float32 [16]; scales by blocks along memory
  CT_PACKED_GROUPED,     // codes of 2, 3, 4 or 8 bits; (code - zero) * scale, both [rows, groups]
  CT_PACKED_INT8,        // codes int8, scales [rows]; a scale stands for 127
  CT_PACKED_FLOAT8,      // codes float8_e4m3fn, scales [row blocks, column blocks]
};

/// Codes lie row by row; of 4 bits the first is in a byte's upper half, of 2 and 3 in its lowest bits. Scales are float32.
/// For the lookup they may be uint8 codes of `nested_values` [256] times `nested_scales` by blocks of them, plus `offset`.
/// Zeros are int16 or float32.
typedef struct {
  int32_t layout, bits;
  int64_t rows, columns;
  /// Elements with one scale: along memory, of a row, or columns; and rows with one scale (float8).
  int64_t block, row_block, nested_block;
  double offset;
  const ct_tensor *codes, *scales, *zeros, *values, *nested_values, *nested_scales;
} ct_packed_weight;

/// Writes rows `first` to `last` into `output` (float32 or bfloat16, contiguous).
int32_t ct_dequantize_rows(const ct_packed_weight *weight, int64_t first, int64_t last, ct_tensor *output);
/// x w^T + bias outside the graph for 1 to 8 rows x [..., columns], contiguous, float32 or bfloat16.
ct_tensor *ct_packed_linear(const ct_packed_weight *weight, const ct_tensor *x, const ct_tensor *bias);

// ---- Tensors -----------------------------------------------------------------------------------------

void ct_tensor_release(ct_tensor *tensor);
/// A second handle to the same tensor.
ct_tensor *ct_tensor_retain(const ct_tensor *tensor);

/// A tensor over memory that it does not own; `release(context)` is called when the last use ends.
ct_tensor *ct_tensor_from_memory(void *data, const int64_t *shape, int32_t dimensions, int32_t dtype,
                                 void *context, void (*release)(void *context));
/// A new contiguous tensor with a copy of `bytes`.
ct_tensor *ct_tensor_from_bytes(const void *data, size_t bytes, const int64_t *shape, int32_t dimensions,
                                int32_t dtype);

int32_t ct_tensor_dimensions(const ct_tensor *tensor);
const int64_t *ct_tensor_shape(const ct_tensor *tensor);
const int64_t *ct_tensor_strides(const ct_tensor *tensor);
int64_t ct_tensor_count(const ct_tensor *tensor);
int32_t ct_tensor_dtype(const ct_tensor *tensor);
int32_t ct_tensor_device(const ct_tensor *tensor);
bool ct_tensor_is_contiguous(const ct_tensor *tensor);
/// The first element's address, or null for a tensor whose memory this process cannot read.
void *ct_tensor_data(const ct_tensor *tensor);
/// How many tensors share this storage's memory, this one included.
int64_t ct_tensor_storage_uses(const ct_tensor *tensor);
/// An identity of the underlying memory: equal for views of one storage.
const void *ct_tensor_storage(const ct_tensor *tensor);
int32_t ct_dtype_size(int32_t dtype);

// ---- Fused kernels -------------------------------------------------------------------------------------
// For contiguous CPU tensors of float32 or bfloat16 outside the graph; others are refused.

/// y = weight * x / rms(x), and 1 / rms(x) by rows for the backward pass.
int32_t ct_rms_norm(const ct_tensor *input, const ct_tensor *weight, double eps, ct_tensor **output,
                    ct_tensor **inverse);
ct_tensor *ct_rms_norm_backward(const ct_tensor *gradient, const ct_tensor *input, const ct_tensor *weight,
                                const ct_tensor *inverse);
/// Rotary embedding by halves, with the exchange of tokens and heads: [b, t, h, d] to [b, h, t, d], tables
/// [b or 1, t, d]; `backward` takes the gradient of the one to that of the other.
ct_tensor *ct_rotary(const ct_tensor *input, const ct_tensor *cosine, const ct_tensor *sine, bool backward);
/// silu(gate) * up.
ct_tensor *ct_silu_product(const ct_tensor *gate, const ct_tensor *up);
int32_t ct_silu_product_backward(const ct_tensor *gradient, const ct_tensor *gate, const ct_tensor *up,
                                 ct_tensor **gate_gradient, ct_tensor **up_gradient);
/// Cross entropies by rows (float32); `logits` become their gradients.
ct_tensor *ct_cross_entropy_(ct_tensor *logits, const ct_tensor *targets);
/// Softmax of scores [..., queries, keys] times `scale`, in place; query r sees keys up to offset + r.
int32_t ct_causal_softmax_(ct_tensor *scores, int64_t queries, int64_t offset, double scale);
/// Softmax of scores [batch, heads, queries, keys] times `scale`, in place, over the keys that a bool mask
/// [batch or 1, 1, queries or 1, keys] shows.
int32_t ct_masked_softmax_(ct_tensor *scores, const ct_tensor *mask, double scale);
/// Attention of one query a head, q [batch, heads, 1, d] over k and v [batch, kv heads, keys, d], as [batch, 1, heads * d];
/// `mask` (or null): the keys that count, bool [batch or 1, keys].
ct_tensor *ct_token_attention(const ct_tensor *query, const ct_tensor *key, const ct_tensor *value,
                              const ct_tensor *mask, double scale);
/// x / (1 - rate) with a share `rate` of the elements zero instead, the same for the same seed.
ct_tensor *ct_dropout(const ct_tensor *x, double rate, uint64_t seed);
/// The gradient of the scores, in the place of that of the probabilities.
int32_t ct_causal_softmax_backward_(const ct_tensor *probabilities, ct_tensor *gradient, int64_t queries,
                                    int64_t offset, double scale);
/// x * factor + bias by columns; factor and bias (which may be null) are float32.
ct_tensor *ct_scale_columns(const ct_tensor *input, const ct_tensor *factor, const ct_tensor *bias);
int32_t ct_scale_columns_backward(const ct_tensor *gradient, const ct_tensor *input, const ct_tensor *factor,
                                  ct_tensor **input_gradient, ct_tensor **factor_gradient);

// ---- Autograd ----------------------------------------------------------------------------------------

bool ct_tensor_requires_grad(const ct_tensor *tensor);
int32_t ct_tensor_set_requires_grad(ct_tensor *tensor, bool value);
/// The accumulated gradient (a new handle) or null.
ct_tensor *ct_tensor_grad(const ct_tensor *tensor);
int32_t ct_tensor_set_grad(ct_tensor *tensor, ct_tensor *gradient);
bool ct_grad_mode(void);
void ct_set_grad_mode(bool enabled);
/// Accumulates gradients into the leaves. `gradient` may be null for a scalar.
int32_t ct_backward(ct_tensor *const *roots, ct_tensor *const *gradients, int32_t count, bool retain_graph);
/// Gradients of `outputs` with respect to `inputs`; null where an input was not used.
int32_t ct_gradients(ct_tensor *const *outputs, ct_tensor *const *output_gradients, int32_t output_count,
                     ct_tensor *const *inputs, int32_t input_count, bool retain_graph, bool create_graph,
                     ct_tensor **gradients);

/// The backward of a custom function. `gradients` has one entry for each output (null: zero), `saved` the
/// tensors given to ct_custom_function. It writes one owned handle, or null, for each input. On failure it
/// returns 0 after ct_set_error.
typedef int32_t (*ct_pullback)(void *context, ct_tensor *const *gradients, ct_tensor *const *saved,
                               ct_tensor **input_gradients);
void ct_set_error(const char *message, int32_t kind);

/// Ties already computed `outputs` to `inputs` by a custom backward. Writes new handles to `results`.
/// `release(context)` is called when the graph no longer needs the function.
int32_t ct_custom_function(ct_tensor *const *inputs, int32_t input_count, ct_tensor *const *outputs,
                           int32_t output_count, ct_tensor *const *saved, int32_t saved_count,
                           ct_pullback pullback, void *context, void (*release)(void *context),
                           ct_tensor **results);

// ---- Random numbers ----------------------------------------------------------------------------------

ct_generator *ct_generator_create(uint64_t seed, int32_t device);
void ct_generator_release(ct_generator *generator);
ct_tensor *ct_generator_state(const ct_generator *generator);
int32_t ct_generator_set_state(ct_generator *generator, const ct_tensor *state);
/// The generator that operators use when they are given none.
ct_generator *ct_default_generator(int32_t device);
int32_t ct_seed_all(uint64_t seed);

// ---- The process -------------------------------------------------------------------------------------

enum { CT_CPU = 0, CT_CUDA = 1, CT_MPS = 13 };

/// Devices are packed as type << 8 | index.
static inline int32_t ct_device(int32_t type, int32_t index) { return type << 8 | index; }

/// Prepares the engine for this process: keeps large freed blocks instead of returning them to the system,
/// and loads the CUDA library that stands beside the CPU one, if any. Can be called again.
void ct_initialize(void);
const char *ct_version(void);
int32_t ct_device_count(int32_t type);
int32_t ct_threads(void);
void ct_set_threads(int32_t count);
int32_t ct_synchronize(int32_t device);

// ---- Where time goes ---------------------------------------------------------------------------------

typedef struct {
  const char *name;
  int64_t calls;
  double self_seconds;
} ct_profile_entry;

void ct_profile_start(void);
/// Stops and returns the number of operators seen; `ct_profile_get` reads them until the next start.
int32_t ct_profile_stop(void);
ct_profile_entry ct_profile_get(int32_t index);

#ifdef __cplusplus
}
#endif

#endif
