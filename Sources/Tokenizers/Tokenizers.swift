// Text to token ids and back, as tokenizer.json says.
