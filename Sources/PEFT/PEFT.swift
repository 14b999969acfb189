// Parameter-efficient fine-tuning. `import PEFT` brings the layers and tensors that its interface speaks of.
@_exported import NN
@_exported import Torch
