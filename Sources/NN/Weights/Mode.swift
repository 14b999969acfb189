/// What the whole model is doing at the moment; its layers share one.
public final class Mode {
  /// Whether dropout applies.
  public var isTraining = false
  /// Whether adapters that are not merged take part.
  public var usesAdapters = true
  /// Whether blocks forget their intermediate results in training and compute them again for the backward pass.
  public var gradientCheckpointing = false
  /// Which adapter works on each row, in place of the active ones; nil while all rows are treated alike.
  public var rowAdapters: RowAdapters?
  /// Whether layers get the padding of a batch too, because somebody looks at their inputs place by place.
  public var keepsPadding = false
  /// What is known of the rows of the pass that is under way, or was last.
  public var pass: ForwardPass?
}
